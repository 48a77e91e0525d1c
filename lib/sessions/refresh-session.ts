import type { Client } from "@/lib/audit/events";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { type Credentials, issueCredentials } from "./credentials";
import type { SessionDependencies } from "./dependencies";
import { endSessions } from "./end-sessions";
import { findGenuineSession } from "./find-genuine-session";
import { hashSessionSecret, type RefreshToken } from "./refresh-token";
import { judgeRefresh } from "./rotation";
import { mayContinue, type SessionWithUser } from "./session";

/** A session whose refresh token was good, with the secret that its next one is made of. */
export interface RenewedSession {
  session: SessionWithUser;
  secret: Buffer;
}

/** Renews the session of a browser of ours. Throws as `renewSession`. */
export async function refreshSession(
  deps: SessionDependencies,
  text: string,
  client: Client,
): Promise<Credentials> {
  const { session, secret } = await renewSession(deps, text, null, client);
  return issueCredentials(deps, session, secret, deps.clock.now());
}

/**
 * Renews a session from its refresh token: acknowledged rotation (docs/decisions/002). `clientId` says who presents it:
 * the client of a grant, or null for a browser of ours; no other gets anything for it.
 * A genuine token of a rotated generation is answered with the current one again, recovered, or found to be reused,
 * which ends the session. Throws `invalid_refresh_token` for everything else, and changes nothing for a token that
 * is not ours: a stranger who knows a session's id cannot end it.
 */
export async function renewSession(
  deps: SessionDependencies,
  text: string,
  clientId: string | null,
  client: Client,
): Promise<RenewedSession> {
  const presented = deps.refreshTokens.verify(text);
  if (presented === null) return refuse(deps, "not ours");
  await deps.requireSigner();
  const rotated = await rotate(deps, presented, clientId, client);
  if (rotated !== null) {
    deps.metrics.refreshes.inc("rotated");
    return { session: rotated, secret: presented.secret };
  }
  const session = await requireSession(deps, presented, clientId);
  return answerRotatedToken(deps, session, presented, client);
}

function rotate(
  deps: SessionDependencies,
  presented: RefreshToken,
  clientId: string | null,
  client: Client,
): Promise<SessionWithUser | null> {
  const { sessionId, generation, secret } = presented;
  return deps.store.rotate(
    { sessionId, generation, secretHash: hashSessionSecret(secret), clientId },
    { now: deps.clock.now(), idleSeconds: deps.limits.idleSeconds, client },
  );
}

async function requireSession(
  deps: SessionDependencies,
  presented: RefreshToken,
  clientId: string | null,
): Promise<SessionWithUser> {
  const session = await findGenuineSession(deps, presented, clientId);
  if (session === null) return refuse(deps, "no such session");
  return mayContinue(session, deps.clock.now()) ? session : refuse(deps, "the session has ended");
}

async function answerRotatedToken(
  deps: SessionDependencies,
  session: SessionWithUser,
  presented: RefreshToken,
  client: Client,
): Promise<RenewedSession> {
  const now = deps.clock.now();
  const verdict = judgeRefresh(session, presented.generation, client.userAgent, now);
  if (verdict === "reuse") return refuseReuse(deps, session, presented, client);
  if (verdict === "recover") await recover(deps, session, client);
  deps.metrics.refreshes.inc(verdict === "recover" ? "recovered" : "repeated");
  return { session, secret: presented.secret };
}

async function recover(deps: SessionDependencies, session: SessionWithUser, client: Client): Promise<void> {
  const now = deps.clock.now();
  const isCurrent = await deps.store.markRecovered(session.id, session.generation, now);
  if (!isCurrent) refuse(deps, "rotated during a recovery");
  await deps.audit.record({
    at: now,
    type: "refresh_token.recovered",
    actorId: session.userId,
    userId: session.userId,
    sessionId: session.id,
    client,
    details: { generation: session.generation },
  });
}

async function refuseReuse(
  deps: SessionDependencies,
  session: SessionWithUser,
  presented: RefreshToken,
  client: Client,
): Promise<never> {
  await endSessions(deps, { kind: "ids", ids: [session.id], ownedBy: null }, "refresh_token_reuse", {
    type: "refresh_token.reuse_detected",
    actorId: null,
    client,
    details: {
      presentedGeneration: presented.generation,
      currentGeneration: session.generation,
      lastIp: session.ip,
      lastUserAgent: session.userAgent,
    },
  });
  deps.metrics.refreshes.inc("reuse");
  throw new LatchkeyError("invalid_refresh_token", { reason: "refresh token reuse" });
}

function refuse(deps: SessionDependencies, reason: string): never {
  deps.metrics.refreshes.inc("refused");
  throw new LatchkeyError("invalid_refresh_token", { reason });
}
