import { denyTokenById } from "@/lib/sessions/deny-token";
import { endSessions } from "@/lib/sessions/end-sessions";
import { authenticateClient } from "./authenticate-client";
import type { OAuthDependencies } from "./dependencies";
import { findGrant } from "./find-grant";
import { OAuthError } from "./oauth-error";
import type { ClientRequest } from "./token-call";
import { findTokenClaims } from "./verify-client-token";

/**
 * The revocation endpoint (RFC 7009): the refresh token of a grant ends it, with all its access tokens; an access token is
 * denied alone. What is not a token of this client is answered the same, and nothing comes of it. Throws `OAuthError`:
 * `unsupported_token_type` for one that is encrypted, which nobody but its service can read.
 */
export async function revokeToken(
  deps: OAuthDependencies,
  { headers, parameters, from }: ClientRequest,
): Promise<void> {
  const client = await authenticateClient(deps, headers, parameters);
  const token = parameters.get("token");
  if (token === null) throw new OAuthError("invalid_request", "token is missing.");
  if (isEncrypted(token))
    throw new OAuthError("unsupported_token_type", "An encrypted token cannot be revoked.");
  const grant = await findGrant(deps, client.id, token);
  if (grant !== null) {
    const selection = { kind: "ids", ids: [grant.session.id], ownedBy: null } as const;
    await endSessions(deps.sessions, selection, "revoked_by_client", {
      actorId: null,
      client: from,
      details: {},
    });
    return;
  }
  const claims = await findTokenClaims(deps, token);
  if (claims === null || claims.client_id !== client.id) return;
  const expiresAt = new Date(claims.exp * 1000);
  const actor = { userId: null, sessionId: null, client: from };
  await denyTokenById(deps.sessions, deps.stores.denials, claims.jti, expiresAt, actor);
}

/** Five parts (RFC 7516 section 7.1); a refresh token of ours has none. */
const isEncrypted = (token: string): boolean => /^(?:[\w-]*\.){4}[\w-]*$/.test(token);
