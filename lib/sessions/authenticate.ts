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
  return (await deps.denylist.isDenied(verification.claims)) ? refuse("denied") : verification;
}

const refuse = (reason: RejectionReason): Authentication => ({
  ok: false,
  reason,
  isRenewable: RENEWABLE.has(reason),
});

/**
 * The first request that presents the access token of a new generation acknowledges it: one write a rotation.
 * Call it for a token that a client presented, never for one that was just issued.
 */
export async function acknowledge(
  deps: Pick<SessionDependencies, "store" | "acknowledged" | "clock">,
  claims: VerifiedClaims,
): Promise<void> {
  if ((deps.acknowledged.get(claims.sid) ?? 0) >= claims.gen) return;
  await deps.store.acknowledge(claims.sid, claims.gen, deps.clock.now());
  deps.acknowledged.set(claims.sid, claims.gen);
}
