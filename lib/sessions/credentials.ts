import { secondsBetween } from "@/lib/crypto/clock";
import type { SessionDependencies } from "./dependencies";
import type { Session, SessionUser, SessionWithUser } from "./session";

/** What a signed-in client holds. Both tokens travel in `Set-Cookie` alone. */
export interface Credentials {
  session: Session;
  user: SessionUser;
  accessToken: string;
  accessTokenExpiresAt: Date;
  refreshToken: string;
  /** Until the session ends if nothing happens: idle or absolute limit, whichever is first. */
  refreshTokenMaxAgeSeconds: number;
}

/** Issues the tokens of the session's current generation. Writes nothing. */
export async function issueCredentials(
  deps: SessionDependencies,
  session: SessionWithUser,
  secret: Buffer,
  now: Date,
): Promise<Credentials> {
  const { id: sessionId, generation, user } = session;
  const subject = {
    userId: user.id,
    role: user.role,
    sessionId,
    generation,
    authenticatedAt: session.authenticatedAt,
    sessionExpiresAt: session.idleExpiresAt,
  };
  return {
    session,
    user,
    ...(await deps.issueAccessToken(subject, now)),
    refreshToken: deps.refreshTokens.encode({ sessionId, generation, secret }),
    refreshTokenMaxAgeSeconds: Math.floor(secondsBetween(now, session.idleExpiresAt)),
  };
}
