import { SIGNER_KEEP_SECONDS, SIGNER_UNCLAIMED_SECONDS } from "@/lib/config/durations";
import { secondsBetween } from "@/lib/crypto/clock";
import type { Keyring, KnownKey } from "./keyring";
import type { OutsideCustody } from "./outside-custody";

/**
 * Has the signer outside forget each key of ours that no process signs with any more: it stopped a while ago, or its
 * record is over, or never came to be. Rejects when the store or the signer does not answer.
 */
export async function sweepSigner(outside: OutsideCustody, keyring: Keyring): Promise<void> {
  await keyring.load();
  const records = new Map(keyring.keys.map((key) => [key.kid, key]));
  for (const { kid, ageSeconds } of await outside.ours()) {
    const record = records.get(kid);
    const isOver =
      record === undefined ? ageSeconds > SIGNER_UNCLAIMED_SECONDS : hasStopped(record, keyring.now);
    if (isOver) await outside.discard({ kid });
  }
}

const hasStopped = ({ state, retiringAt }: KnownKey, now: Date): boolean =>
  state === "retiring" && retiringAt !== null && secondsBetween(retiringAt, now) > SIGNER_KEEP_SECONDS;
