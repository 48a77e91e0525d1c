import { type Actor, doneBy } from "@/lib/audit/actor";
import type { AuditEvent, AuditEventType } from "@/lib/audit/events";
import { encodeBase64url } from "@/lib/crypto/base64url";
import type { Clock } from "@/lib/crypto/clock";
import { sha256 } from "@/lib/crypto/derive-key";
import type { Client } from "./client";

/** What the audit log says of something that was done to a client. */
export const clientEvent = (
  { clock }: { clock: Clock },
  type: Extract<AuditEventType, `client.${string}`>,
  { id, name }: Pick<Client, "id" | "name">,
  actor: Actor,
  details: AuditEvent["details"] = {},
): AuditEvent => ({
  at: clock.now(),
  type,
  userId: null,
  ...doneBy(actor),
  details: { clientId: id, name, ...details },
});

/** All that an administrator has decided of it. */
export const termsOf = (client: Omit<Client, "hasPreviousSecret">): AuditEvent["details"] => ({
  authMethod: client.authMethod,
  grantTypes: client.grantTypes.join(" "),
  redirectUris: client.redirectUris.join(" "),
  postLogoutRedirectUris: client.postLogoutRedirectUris.join(" "),
  origins: client.origins.join(" "),
  scope: client.scope,
  audiences: client.audiences.join(" "),
  algorithm: client.algorithm,
  requiresDpop: client.requiresDpop,
  requiresPushedRequests: client.requiresPushedRequests,
  backchannelLogoutUri: client.backchannelLogoutUri,
  jwksUri: client.jwksUri,
  jwksDigest: client.jwks && encodeBase64url(sha256(JSON.stringify(client.jwks))),
});
