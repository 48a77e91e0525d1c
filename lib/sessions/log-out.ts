import type { Client } from "@/lib/audit/events";
import type { SessionDependencies } from "./dependencies";
import { endSessions } from "./end-sessions";
import { findGenuineSession } from "./find-genuine-session";

/**
 * Ends the session that the refresh token, of whatever generation, or else the access token names. Does nothing when
 * neither is genuine: there is no session to end.
 */
export async function logOut(
  deps: SessionDependencies,
  presented: { refreshToken: string | null; accessToken: string | null },
  client: Client,
): Promise<void> {
  const sessionId = await findSessionId(deps, presented);
  if (sessionId === null) return;
  const selection = { kind: "ids", ids: [sessionId], ownedBy: null } as const;
  await endSessions(deps, selection, "logout", { actorId: null, client, details: {} });
}

async function findSessionId(
  deps: SessionDependencies,
  { refreshToken, accessToken }: Parameters<typeof logOut>[1],
): Promise<string | null> {
  const refresh = refreshToken === null ? null : deps.refreshTokens.verify(refreshToken);
  if (refresh !== null) return (await findGenuineSession(deps, refresh, null))?.id ?? null;
  if (accessToken === null) return null;
  const verification = await deps.verifyAccessToken(accessToken);
  return verification.ok ? verification.claims.sid : null;
}
