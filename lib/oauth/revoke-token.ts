import { denyTokenById } from "@/lib/sessions/deny-token";
import { endSessions } from "@/lib/sessions/end-sessions";
import { findGenuineSession } from "@/lib/sessions/find-genuine-session";
import { authenticateClient } from "./authenticate-client";
import type { Client } from "./client";
import type { OAuthDependencies } from "./dependencies";
import { OAuthError } from "./oauth-error";
import type { ClientRequest } from "./token-call";
import { findTokenClaims } from "./verify-client-token";

/**
 * The revocation endpoint (RFC 7009): the refresh token of a grant ends it, with all its access tokens; an access token is
 * denied alone. What is not a token of this client is answered the same, and nothing comes of it. Throws `OAuthError`.
 */
export async function revokeToken(
  deps: OAuthDependencies,
  { headers, parameters, from }: ClientRequest,
): Promise<void> {
  const client = await authenticateClient(deps, headers, parameters);
  const token = parameters.get("token");
  if (token === null) throw new OAuthError("invalid_request", "token is missing.");
  const actor = { userId: null, sessionId: null, client: from };
  const grantId = await findGrantId(deps, client, token);
  if (grantId !== null) {
    const selection = { kind: "ids", ids: [grantId], ownedBy: null } as const;
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
  await denyTokenById(deps.sessions, deps.stores.denials, claims.jti, expiresAt, actor);
}

async function findGrantId(
  { sessions }: OAuthDependencies,
  { id }: Client,
  text: string,
): Promise<string | null> {
  const presented = sessions.refreshTokens.verify(text);
  return presented && ((await findGenuineSession(sessions, presented, id))?.id ?? null);
}
