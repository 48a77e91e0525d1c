import type { SessionDependencies } from "./dependencies";
import { hashSessionSecret, type RefreshToken } from "./refresh-token";
import { clientIdOf, type SessionWithUser } from "./session";

/**
 * The session that a refresh token names, or null when the token does not carry its secret, or belongs to another
 * client than the one that presents it (null: a browser of ours).
 */
export async function findGenuineSession(
  { store }: Pick<SessionDependencies, "store">,
  { sessionId, secret }: RefreshToken,
  clientId: string | null,
): Promise<SessionWithUser | null> {
  const session = await store.find(sessionId);
  if (session === null || clientIdOf(session) !== clientId) return null;
  return Buffer.compare(session.secretHash, hashSessionSecret(secret)) === 0 ? session : null;
}
