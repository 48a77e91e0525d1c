import type { Audience } from "@/lib/audiences/audience";
import type { KeyOverview, ShownKey } from "@/lib/key-overview";
import type { Client } from "@/lib/oauth/client";
import type { ConnectedApp } from "@/lib/oauth/connected-apps";
import { deviceName } from "@/lib/policy/user-agent";
import {
  clientIdOf,
  type Session,
  type SessionWithUser,
  sessionState,
  toSessionUser,
} from "@/lib/sessions/session";

/** What the JSON API says of a person (API.md). */
export const userView = toSessionUser;

/** What the JSON API says of a session; never its hash or generation. */
export function sessionView(session: Session, currentId: string | null) {
  const { id, createdAt, lastSeenAt, idleExpiresAt, ip, userAgent } = session;
  const device = deviceName(userAgent);
  return {
    id,
    current: id === currentId,
    createdAt,
    lastSeenAt,
    expiresAt: idleExpiresAt,
    ip,
    userAgent,
    device,
  };
}

/** As `sessionView`, with whose it is and whether it still lives. */
export function adminSessionView(session: SessionWithUser, currentId: string, now: Date) {
  return {
    ...sessionView(session, currentId),
    state: sessionState(session, now),
    endedAt: session.endedAt,
    endReason: session.endReason,
    clientId: clientIdOf(session),
    user: userView(session.user),
  };
}

/** What the JSON API says of a signing key; never a member of it. */
export function keyView(key: ShownKey) {
  const { kid, use, algorithm, state, standing, problem, signedCount, lastSignedAt } = key;
  const { createdAt, activatesAt, activatedAt, retiringAt, retiredAt, revokedAt, revokeReason } = key;
  const life = { createdAt, activatesAt, activatedAt, retiringAt, retiredAt, revokedAt, revokeReason };
  return { kid, use, algorithm, state, standing, problem, ...life, signedCount, lastSignedAt };
}

/** What the JSON API says of a line of keys. */
export const keyLineView = ({ algorithm, signsFor, signingKid, next }: KeyOverview["lines"][number]) => ({
  algorithm,
  signsFor,
  signingKid,
  nextKid: next?.kid ?? null,
  nextRotationAt: next?.at ?? null,
});

/** What the JSON API says of an audience; never a secret or a feed token. */
export function audienceView(audience: Audience) {
  const { identifier, profile, algorithm, lifetimeSeconds, scope, encryptionKey, jwksUri } = audience;
  const { hasFeedToken, createdAt, updatedAt } = audience;
  const encryptionJwk = encryptionKey && { ...encryptionKey.jwk, kid: encryptionKey.kid };
  const terms = { identifier, profile, algorithm, lifetimeSeconds, scope, encryptionJwk, jwksUri };
  return { ...terms, hasFeedToken, createdAt, updatedAt };
}

/** What the JSON API says of a client; never a secret or its hash. */
export function clientView(client: Client) {
  const { id, name, authMethod, jwks, jwksUri, grantTypes, scope, audiences, algorithm } = client;
  const { redirectUris, postLogoutRedirectUris, origins, backchannelLogoutUri } = client;
  const { requiresDpop, requiresPushedRequests, hasPreviousSecret, createdAt, updatedAt } = client;
  const identity = { id, name, authMethod, jwks, jwksUri, hasPreviousSecret, createdAt, updatedAt };
  const addresses = { redirectUris, postLogoutRedirectUris, origins, backchannelLogoutUri };
  const requirements = { requiresDpop, requiresPushedRequests };
  return { ...identity, grantTypes, scope, audiences, algorithm, ...addresses, ...requirements };
}

/** What the JSON API says of a client that the caller has let in. */
export const appView = ({ client, permissions, grants, grantedAt }: ConnectedApp) => ({
  id: client.id,
  name: client.name,
  permissions,
  grantedAt,
  grants: grants.map((session) => {
    const { audience = "", scope = "" } = session.grant ?? {};
    return { ...sessionView(session, null), audience, scope };
  }),
});
