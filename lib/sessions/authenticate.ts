import { setTimeout as wait } from "node:timers/promises";
import { ACKNOWLEDGE_WAIT_MS } from "@/lib/config/durations";
import type { RejectionReason, VerifiedClaims } from "@/lib/tokens/verify";
import type { SessionDependencies } from "./dependencies";

/** Refused for a reason that passes: the session's refresh token may renew it. Any other reason is not honest. */
const RENEWABLE: ReadonlySet<RejectionReason> = new Set([
  "expired",
  "not_yet_valid",
  "denied",
  "unknown_key",
]);

export type Authentication =
  | { ok: true; claims: VerifiedClaims }
  | { ok: false; reason: RejectionReason; isRenewable: boolean };

/** Verifies an access token and asks the denylist. Rejects only when the denylist cannot be asked: fail closed. */
export async function authenticate(
  deps: Pick<SessionDependencies, "verifyAccessToken" | "denylist">,
  accessToken: string,
): Promise<Authentication> {
  const verification = await deps.verifyAccessToken(accessToken);
  if (!verification.ok) return refuse(verification.reason);
  const { claims, kid } = verification;
  const isDenied = await deps.denylist.isDenied({ jti: claims.jti, sid: claims.sid, kid });
  return isDenied ? refuse("denied") : { ok: true, claims };
}

const refuse = (reason: RejectionReason): Authentication => ({
  ok: false,
  reason,
  isRenewable: RENEWABLE.has(reason),
});

/**
 * The first request that presents the access token of a new generation acknowledges it: one write a rotation.
 * Call it for a token that a client presented, never for one that was just issued. A database that is slow to answer
 * delays nobody who holds a valid token: the write then goes on while the request does.
 */
export async function acknowledge(
  deps: Pick<SessionDependencies, "store" | "acknowledged" | "clock">,
  claims: VerifiedClaims,
): Promise<void> {
  if ((deps.acknowledged.get(claims.sid) ?? 0) >= claims.gen) return;
  const write = deps.store.acknowledge(claims.sid, claims.gen, deps.clock.now()).then(() => {
    deps.acknowledged.set(claims.sid, claims.gen);
  });
  await withoutWaitingLongerThan(ACKNOWLEDGE_WAIT_MS, write);
}

async function withoutWaitingLongerThan(milliseconds: number, work: Promise<void>): Promise<void> {
  const deadline = new AbortController();
  const { signal } = deadline;
  try {
    await Promise.race([work, wait(milliseconds, undefined, { signal }).catch(() => undefined)]);
  } finally {
    deadline.abort();
  }
}
