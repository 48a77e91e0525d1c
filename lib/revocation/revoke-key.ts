import { type Actor, doneBy } from "@/lib/audit/actor";
import { KEY_DENIAL_SECONDS, SECRET_DENIAL_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import type { NewKey } from "@/lib/keys/custody";
import type { KnownKey } from "@/lib/keys/keyring";
import { activeKey, isOfLine, stepToSign, successor } from "@/lib/keys/lifecycle";
import {
  advanceKeys,
  discardAll,
  holdKeys,
  type KeyStores,
  keyEvent,
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
 * because refresh tokens do not depend on signing keys. For the secret of an audience that is the one that waits, and
 * none where none does. Throws `not_found` for a key that is not in use.
 */
export async function revokeKey(
  deps: RevokeKeyDependencies,
  kid: string,
  reason: string,
  actor: Actor,
): Promise<void> {
  const { keyring, custody } = deps;
  await keyring.load();
  const fresh = await makeSuccessors(deps, kid);
  const { denial, ended } = await deps.atomically((stores) =>
    revoke(deps, stores, kid, reason, actor, fresh),
  );
  await Promise.all([deps.denylist.publish([denial]), keyring.load()]);
  await discardAll(custody, ended);
  // The key is revoked, whatever else is due; that is tried again by whoever looks at the keys next.
  await advanceKeys(deps).catch(() => undefined);
}

/** New keys where no other could sign in the place of this one: nobody waits for one to be made without need. */
async function makeSuccessors(
  { keyring, custody, schedule }: RevokeKeyDependencies,
  kid: string,
): Promise<NewKey[]> {
  const left = keyring.keys.filter((key) => key.kid !== kid);
  if (left.length === keyring.keys.length) return [];
  const made: NewKey[] = [];
  for (const line of keyring.lines) {
    const step = stepToSign(left, line, schedule, keyring.now);
    if (step?.kind !== "create") continue;
    // A custody that cannot make a key now must not keep this one in use.
    const fresh = await custody.generate("access_token", line.algorithm).catch(() => null);
    if (fresh !== null) made.push(fresh);
  }
  return made;
}

async function revoke(
  deps: RevokeKeyDependencies,
  stores: KeyStores & { denials: DenialStore },
  kid: string,
  reason: string,
  actor: Actor,
  fresh: readonly NewKey[],
): Promise<{ denial: Denial; ended: Pick<NewKey, "kid" | "custody">[] }> {
  const { keys, now } = await holdKeys(deps, stores);
  const key = keys.find((one) => one.kid === kid);
  if (key === undefined) throw new LatchkeyError("not_found");
  const over = { state: "revoked", revokedAt: now, revokeReason: reason, sealedPrivateKey: null } as const;
  await stores.signingKeys.update({ ...key, ...over });
  const denialSeconds = isOfLine(key) ? KEY_DENIAL_SECONDS : SECRET_DENIAL_SECONDS;
  const denial: Denial = { kind: "kid", value: kid, expiresAt: addSeconds(now, denialSeconds) };
  await stores.denials.deny(denial);
  const event = keyEvent("signing_key.revoked", key, now, { state: key.state, reason });
  await stores.audit.record({ ...event, ...doneBy(actor) });
  const unused = await replace(deps, stores, key, fresh);
  return { denial, ended: [key, ...unused] };
}

/** In the same transaction, so that there is no moment without a key that signs. Returns the new keys that it left. */
async function replace(
  deps: RevokeKeyDependencies,
  stores: KeyStores,
  revoked: KnownKey,
  fresh: readonly NewKey[],
): Promise<NewKey[]> {
  const unused = new Map(fresh.map((key) => [key.algorithm, key]));
  const { keys, lines, now } = await holdKeys(deps, stores);
  if (!isOfLine(revoked)) await activateWaitingSecret(stores, keys, revoked, now);
  for (const line of lines) {
    // A step of the line before it may have changed them.
    const { keys } = await holdKeys(deps, stores);
    const step = stepToSign(keys, line, deps.schedule, now);
    const made = unused.get(line.algorithm) ?? null;
    if (step === null || (step.kind === "create" && made === null)) continue;
    await takeStep(stores, keys, step, made, now);
    if (step.kind === "create") unused.delete(line.algorithm);
  }
  return [...unused.values()];
}

/** Only where no other secret of its audience signs. */
async function activateWaitingSecret(
  stores: KeyStores,
  keys: readonly KnownKey[],
  revoked: KnownKey,
  now: Date,
): Promise<void> {
  const waiting = successor(keys, revoked);
  if (waiting === null || activeKey(keys, revoked) !== null) return;
  await takeStep(stores, keys, { kind: "activate", kid: waiting.kid, replaces: [] }, null, now);
}
