import { type Actor, doneBy } from "@/lib/audit/actor";
import { spareKeys } from "./lifecycle";
import {
  advanceKeys,
  holdKeys,
  type KeyStores,
  keyEvent,
  type RotationDependencies,
  takeStep,
} from "./rotation";
import type { SealedCustody } from "./sealed-custody";

export interface RewrapProgress {
  kid: string;
  /** Why it stayed as it was; null where it is now under the first secret. */
  problem: string | null;
}

/**
 * Seals every private key that is here under the first application secret, one a transaction: it may be ended and
 * begun again, and those who serve go on. Yields each key as it is done; one that cannot be opened stays as it is.
 */
export async function* rewrapKeys(
  deps: RotationDependencies,
  sealed: SealedCustody,
  actor: Actor,
): AsyncGenerator<RewrapProgress> {
  await deps.keyring.load();
  await advanceKeys(deps);
  for (const { kid } of deps.keyring.keys) {
    const progress = await deps.atomically(async (stores) => {
      await stopSpareKeys(deps, stores);
      const { keys, now } = await holdKeys(deps, stores);
      const key = keys.find((one) => one.kid === kid);
      if (key === undefined || key.sealedPrivateKey === null) return null;
      if (key.problem !== null) return { kid, problem: key.problem };
      const resealed = sealed.reseal(key);
      if (resealed === null) return null;
      await stores.signingKeys.update(resealed);
      const details = { from: key.custody, to: resealed.custody };
      await stores.audit.record({
        ...keyEvent("signing_key.rewrapped", key, now, details),
        ...doneBy(actor),
      });
      return { kid, problem: null };
    });
    if (progress !== null) yield progress;
  }
  await deps.keyring.load();
}

/** Of two keys that sign, each under a secret of its own, one stops: only one may under the same. */
async function stopSpareKeys(deps: RotationDependencies, stores: KeyStores): Promise<void> {
  const { keys, now } = await holdKeys(deps, stores);
  for (const { kid } of spareKeys(keys)) await takeStep(stores, keys, { kind: "stop", kid }, null, now);
}
