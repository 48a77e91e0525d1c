import type { Client } from "@/lib/audit/events";
import { addSeconds, earlierOf } from "@/lib/crypto/clock";
import { randomId } from "@/lib/crypto/random";
import { type Credentials, issueCredentials } from "./credentials";
import type { SessionDependencies } from "./dependencies";
import { hashSessionSecret, newSessionSecret } from "./refresh-token";
import type { Session, SessionUser } from "./session";

/** Starts a session for a person who has just proved who they are. Always a new id and secret: no fixation. */
export async function startSession(
  deps: SessionDependencies,
  user: SessionUser,
  client: Client,
): Promise<Credentials> {
  await deps.requireSigner();
  const now = deps.clock.now();
  const secret = newSessionSecret();
  const expiresAt = addSeconds(now, deps.limits.maxSeconds);
  const session: Session = {
    id: randomId(),
    userId: user.id,
    secretHash: hashSessionSecret(secret),
    generation: 0,
    rotatedAt: now,
    acknowledgedGeneration: 0,
    acknowledgedAt: now,
    recoveredGeneration: null,
    authenticatedAt: now,
    createdAt: now,
    lastSeenAt: now,
    idleExpiresAt: earlierOf(expiresAt, addSeconds(now, deps.limits.idleSeconds)),
    expiresAt,
    endedAt: null,
    endReason: null,
    ...client,
  };
  await deps.store.insert(session);
  await deps.audit.record({
    at: now,
    type: "session.started",
    actorId: user.id,
    userId: user.id,
    sessionId: session.id,
    client,
    details: {},
  });
  return issueCredentials(deps, { ...session, user }, secret, now);
}
