import { type Actor, doneBy } from "@/lib/audit/actor";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import type { Algorithm } from "./algorithms";
import type { NewKey } from "./custody";
import { activeKey, successor } from "./lifecycle";
import { holdKeys, type KeyStores, type RotationDependencies, takeStep } from "./rotation";
import { secretUse } from "./signing-key";

// The secrets of audiences of the profile `legacy`. Each is given to its audience before it signs, so that unlike our
// own keys it waits, however long, for somebody to say that this is done.

const ALGORITHM: Algorithm = "HS256";

/** A secret that is nobody's yet. */
export interface GeneratedSecret {
  key: NewKey;
  /** As its audience is given it, once. The key is the UTF-8 bytes of this text. */
  secret: string;
}

export async function generateSecret(
  { custody }: Pick<RotationDependencies, "custody">,
  audience: string,
): Promise<GeneratedSecret> {
  const key = await custody.generate(secretUse(audience), ALGORITHM);
  return { key, secret: Buffer.from(custody.openSecret(key)).toString() };
}

/**
 * In a transaction: keeps the secret. It signs at once where no other one of its audience does, else it waits. Says
 * whether it signs. Throws `secret_waiting` where one is waiting.
 */
export async function takeSecret(
  deps: Pick<RotationDependencies, "custody" | "keyring">,
  stores: KeyStores,
  { key }: GeneratedSecret,
  actor: Actor,
): Promise<boolean> {
  const { keys, now } = await holdKeys(deps, stores);
  const { algorithm } = key;
  if (successor(keys, key) !== null) throw new LatchkeyError("secret_waiting");
  const signs = activeKey(keys, key) === null;
  const step = signs
    ? ({ kind: "create", algorithm } as const)
    : ({ kind: "stage", algorithm, activatesAt: null } as const);
  await takeStep(recordedAs(stores, actor), keys, step, key, now);
  return signs;
}

/**
 * The secret that waits signs from now on; those before it are accepted until nothing is left that they signed. Throws
 * `not_found` where none waits.
 */
export async function activateSecret(
  deps: RotationDependencies,
  audience: string,
  actor: Actor,
): Promise<{ kid: string }> {
  const use = secretUse(audience);
  const kid = await deps.atomically(async (stores) => {
    const { keys, now } = await holdKeys(deps, stores);
    const waiting = successor(keys, { use, algorithm: ALGORITHM });
    if (waiting === null) throw new LatchkeyError("not_found");
    const former = keys.filter((key) => key.use === use && key.state === "active");
    const replaces = former.map((key) => key.kid);
    const step = { kind: "activate", kid: waiting.kid, replaces } as const;
    await takeStep(recordedAs(stores, actor), keys, step, null, now);
    return waiting.kid;
  });
  // It is done; whoever signs next reads the keys again.
  await deps.keyring.load().catch(() => undefined);
  return { kid };
}

/** In a transaction: erases every secret of an audience that is no more. */
export async function endSecrets(stores: KeyStores, audience: string): Promise<void> {
  const use = secretUse(audience);
  const { keys, now } = await stores.signingKeys.lockLive();
  for (const { kid } of keys.filter((key) => key.use === use)) {
    await takeStep(stores, keys, { kind: "retire", kid }, null, now);
  }
}

const recordedAs = (stores: KeyStores, actor: Actor): KeyStores => ({
  ...stores,
  audit: { record: (event) => stores.audit.record({ ...event, ...doneBy(actor) }) },
});
