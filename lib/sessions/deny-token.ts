import { type Actor, doneBy } from "@/lib/audit/actor";
import { ACCEPTED_ACCESS_TOKEN_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import type { DenialStore } from "@/lib/revocation/denial";
import type { CommonClaims } from "@/lib/tokens/claims";
import type { Verification } from "@/lib/tokens/verify";
import type { SessionDependencies } from "./dependencies";

type DenyDependencies = Pick<SessionDependencies, "denylist" | "audit" | "clock">;

/** Verifies a token that we may have issued, for whomever. */
type Verify = (token: string) => Promise<Verification<CommonClaims>>;

/** Denies one access token of ours; its session goes on. Throws `invalid_request` for any other text. */
export async function denyToken(
  deps: DenyDependencies,
  store: DenialStore,
  verify: Verify,
  token: string,
  actor: Actor,
): Promise<void> {
  const verification = await verify(token);
  if (!verification.ok) {
    // An expired token of ours has nothing left to deny.
    if (verification.reason === "expired") return;
    throw new LatchkeyError("invalid_request", { fields: { token: "This is not a valid access token." } });
  }
  const { jti, exp } = verification.claims;
  await denyTokenById(deps, store, jti, new Date(exp * 1000), actor);
}

/** Denies an access token by its `jti` until the latest that any token issued until now is accepted. */
export async function denyTokenById(
  deps: DenyDependencies,
  store: DenialStore,
  jti: string,
  expiresAt: Date,
  actor: Actor,
): Promise<void> {
  const now = deps.clock.now();
  const latest = addSeconds(now, ACCEPTED_ACCESS_TOKEN_SECONDS);
  if (expiresAt > latest) {
    throw new LatchkeyError("invalid_request", { fields: { expiresAt: "No access token lives that long." } });
  }
  // Whatever the caller believes of its expiry, and with the tolerance on top.
  const denial = { kind: "jti", value: jti, expiresAt: latest } as const;
  await store.deny(denial);
  await deps.denylist.publish([denial]);
  await deps.audit.record({
    at: now,
    type: "access_token.denied",
    userId: null,
    ...doneBy(actor),
    details: { jti },
  });
}
