import type { SessionDependencies } from "./dependencies";
import { hashSessionSecret, type RefreshToken } from "./refresh-token";
import type { SessionWithUser } from "./session";

/** The session that a refresh token names, or null when the token does not carry its secret. */
export async function findGenuineSession(
  { store }: Pick<SessionDependencies, "store">,
  { sessionId, secret }: RefreshToken,
): Promise<SessionWithUser | null> {
  const session = await store.find(sessionId);
  if (session === null) return null;
  return Buffer.compare(session.secretHash, hashSessionSecret(secret)) === 0 ? session : null;
}
