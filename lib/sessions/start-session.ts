import type { Client } from "@/lib/audit/events";
import { addSeconds, earlierOf } from "@/lib/crypto/clock";
import { randomId } from "@/lib/crypto/random";
import { type Credentials, issueCredentials } from "./credentials";
import type { SessionDependencies } from "./dependencies";
import { hashSessionSecret, newSessionSecret } from "./refresh-token";
import type { Grant, Session, SessionUser } from "./session";

/** How long a session may live, and since when its person is known. */
export interface SessionTerms {
  authenticatedAt: Date;
  idleExpiresAt: Date;
  expiresAt: Date;
}

/** Starts a session for a person who has just proved who they are. Always a new id and secret: no fixation. */
export async function startSession(
  deps: SessionDependencies,
  user: SessionUser,
  client: Client,
): Promise<Credentials> {
  await deps.requireSigner();
  const now = deps.clock.now();
  const { session, secret } = await keepSession(deps, user, client, ownTerms(deps, now), null);
  return issueCredentials(deps, { ...session, user }, secret, now);
}

/** From now on, as the settings have it. */
export function ownTerms({ limits }: Pick<SessionDependencies, "limits">, now: Date): SessionTerms {
  const expiresAt = addSeconds(now, limits.maxSeconds);
  return {
    authenticatedAt: now,
    idleExpiresAt: earlierOf(expiresAt, addSeconds(now, limits.idleSeconds)),
    expiresAt,
  };
}

/** A new session, kept and recorded; the secret is of its refresh tokens, and kept nowhere. */
export async function keepSession(
  deps: Pick<SessionDependencies, "store" | "audit" | "clock">,
  user: SessionUser,
  client: Client,
  terms: SessionTerms,
  grant: Grant | null,
  id: string = randomId(),
): Promise<{ session: Session; secret: Buffer }> {
  const now = deps.clock.now();
  const secret = newSessionSecret();
  const session: Session = {
    id,
    userId: user.id,
    secretHash: hashSessionSecret(secret),
    generation: 0,
    rotatedAt: now,
    acknowledgedGeneration: 0,
    acknowledgedAt: now,
    recoveredGeneration: null,
    createdAt: now,
    lastSeenAt: now,
    endedAt: null,
    endReason: null,
    grant,
    ...terms,
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
    details: grant === null ? {} : { clientId: grant.clientId, audience: grant.audience, scope: grant.scope },
  });
  return { session, secret };
}
