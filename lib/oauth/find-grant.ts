import { findGenuineSession } from "@/lib/sessions/find-genuine-session";
import type { SessionWithUser } from "@/lib/sessions/session";
import type { OAuthDependencies } from "./dependencies";

/** What a refresh token names: the session of its grant, and the generation that the token is of. */
export interface NamedGrant {
  session: SessionWithUser;
  generation: number;
}

/** The grant of this client that a refresh token is of, whether it goes on or not; null for any other text. */
export async function findGrant(
  { sessions }: Pick<OAuthDependencies, "sessions">,
  clientId: string,
  text: string,
): Promise<NamedGrant | null> {
  const presented = sessions.refreshTokens.verify(text);
  if (presented === null) return null;
  const session = await findGenuineSession(sessions, presented, clientId);
  return session === null ? null : { session, generation: presented.generation };
}
