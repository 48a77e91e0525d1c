import { type Actor, doneBy } from "@/lib/audit/actor";
import { KEY_DENIAL_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import type { NewKey } from "@/lib/keys/custody";
import type { KnownKey } from "@/lib/keys/keyring";
import { nextKeyStep } from "@/lib/keys/lifecycle";
import {
  advanceKeys,
  discardAll,
  holdKeys,
  type KeyStores,
  keyEvent,
  needsNewKey,
  type RotationDependencies,
  takeStep,
} from "@/lib/keys/rotation";
import type { Denial, DenialStore } from "./denial";
import type { Denylist } from "./denylist";

interface RevokeKeyDependencies extends RotationDependencies<KeyStores & { denials: DenialStore }> {
  denylist: Denylist;
}

/**
 * Takes a compromised key out of use at once: its tokens are refused and it is out of the JWKS, here when this
 * resolves, on every other instance within a second. When it signed, another key signs from then on; no session ends,
 * because refresh tokens do not depend on signing keys. Throws `not_found` for a key that is not in use.
 */
export async function revokeKey(
  deps: RevokeKeyDependencies,
  kid: string,
  reason: string,
  actor: Actor,
): Promise<void> {
  const { keyring, custody } = deps;
  await keyring.load();
  const fresh = await makeSuccessor(deps, kid);
  const { denial, ended } = await deps.atomically((stores) =>
    revoke(deps, stores, kid, reason, actor, fresh),
  );
  await Promise.all([deps.denylist.publish([denial]), keyring.load()]);
  await discardAll(custody, ended);
  // The key is revoked, whatever else is due; that is tried again by whoever looks at the keys next.
  await advanceKeys(deps).catch(() => undefined);
}

/** A new key where no other could sign in the place of this one: nobody waits for one to be made without need. */
async function makeSuccessor(
  { keyring, custody, schedule }: RevokeKeyDependencies,
  kid: string,
): Promise<NewKey | null> {
  const left = keyring.keys.filter((key) => key.kid !== kid);
  const step = nextKeyStep(left, keyring.algorithm, schedule, keyring.now);
  if (left.length === keyring.keys.length || step?.kind !== "create") return null;
  // A custody that cannot make a key now must not keep this one in use.
  return custody.generate("access_token", keyring.algorithm).catch(() => null);
}

async function revoke(
  deps: RevokeKeyDependencies,
  stores: KeyStores & { denials: DenialStore },
  kid: string,
  reason: string,
  actor: Actor,
  fresh: NewKey | null,
) {
  const { keys, now } = await holdKeys(deps, stores);
  const key = keys.find((one) => one.kid === kid);
  if (key === undefined) throw new LatchkeyError("not_found");
  const over = { state: "revoked", revokedAt: now, revokeReason: reason, sealedPrivateKey: null } as const;
  await stores.signingKeys.update({ ...key, ...over });
  const denial: Denial = { kind: "kid", value: kid, expiresAt: addSeconds(now, KEY_DENIAL_SECONDS) };
  await stores.denials.deny(denial);
  const event = keyEvent("signing_key.revoked", key, now, { state: key.state, reason });
  await stores.audit.record({ ...event, ...doneBy(actor) });
  const left = keys.filter((one) => one !== key);
  const isFreshUsed = await replace(deps, stores, left, fresh, now);
  return { denial, ended: [key, ...(fresh === null || isFreshUsed ? [] : [fresh])] };
}

/** In the same transaction, so that there is no moment without a key that signs. Returns whether it took the new one. */
async function replace(
  { keyring, schedule }: RevokeKeyDependencies,
  stores: KeyStores,
  keys: readonly KnownKey[],
  fresh: NewKey | null,
  now: Date,
): Promise<boolean> {
  const step = nextKeyStep(keys, keyring.algorithm, schedule, now);
  if (step === null || (needsNewKey(step) && fresh === null)) return false;
  await takeStep(stores, keys, step, fresh, now);
  return needsNewKey(step);
}
