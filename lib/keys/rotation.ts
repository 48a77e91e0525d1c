import { type Actor, doneBy } from "@/lib/audit/actor";
import type { AuditEvent, AuditEventType, AuditLog } from "@/lib/audit/events";
import { earlierOf, laterOf } from "@/lib/crypto/clock";
import { isSymmetric } from "./algorithms";
import { type KeyCustody, type NewKey, SigningUnavailableError } from "./custody";
import { assessKeys, type Keyring, type KnownKey } from "./keyring";
import { type KeySchedule, type KeyStep, nextKeyStep, soonestActivation, successor } from "./lifecycle";
import type { KeyUse, SigningKeyRecord, SigningKeyStore } from "./signing-key";

/** What a change of the keys is written to, all of it or nothing. */
export interface KeyStores {
  signingKeys: SigningKeyStore;
  audit: AuditLog;
}

export interface RotationDependencies<Stores extends KeyStores = KeyStores> {
  keyring: Keyring;
  custody: KeyCustody;
  schedule: KeySchedule;
  atomically<Result>(work: (stores: Stores) => Promise<Result>): Promise<Result>;
}

const USE: KeyUse = "access_token";

/** More steps than that at once are due to nobody. */
const MAX_STEPS = 20;

/**
 * Takes every step that is due, each in a transaction of its own, and reads the keyring after it. However many
 * processes do this at once, each step is taken once. Rejects when the store or the custody cannot be reached.
 */
export async function advanceKeys(deps: RotationDependencies): Promise<void> {
  const { keyring, custody, schedule } = deps;
  for (let taken = 0; taken < MAX_STEPS; taken += 1) {
    const planned = nextKeyStep(keyring.keys, keyring.algorithm, schedule, keyring.now);
    if (planned === null) return;
    // Not while others wait for the lock.
    const fresh = needsNewKey(planned) ? await custody.generate(USE, keyring.algorithm) : null;
    const { isOver, ended } = await deps.atomically((stores) => takeNextStep(deps, stores, fresh));
    await discardAll(custody, ended);
    await keyring.load();
    if (isOver) return;
  }
}

/**
 * The key that is staged will sign as soon as every verifier can have heard of it, which may be at once.
 * Says which key that is, and from when.
 */
export async function requestRotation(
  deps: RotationDependencies,
  actor: Actor,
  note: string | null,
): Promise<{ kid: string; signsFrom: Date }> {
  const { keyring, schedule } = deps;
  await keyring.load();
  await advanceKeys(deps);
  const requested = await deps.atomically(async (stores) => {
    const { keys, now } = await holdKeys(deps, stores);
    const staged = successor(keys, keyring.algorithm);
    if (staged === null) throw new SigningUnavailableError("No key is staged that could sign.");
    const soonest = laterOf(now, soonestActivation(staged, schedule, now));
    const signsFrom = earlierOf(staged.activatesAt ?? soonest, soonest);
    await stores.signingKeys.update({ ...staged, activatesAt: signsFrom });
    await stores.audit.record({
      ...keyEvent("signing_key.rotation_requested", staged, now, {
        signsFrom: signsFrom.toISOString(),
        note,
      }),
      ...doneBy(actor),
    });
    return { kid: staged.kid, signsFrom };
  });
  await keyring.load();
  await advanceKeys(deps);
  return requested;
}

/** The keys as they are until the transaction ends: nobody else changes them meanwhile. */
export async function holdKeys(
  { custody }: Pick<RotationDependencies, "custody">,
  { signingKeys }: Pick<KeyStores, "signingKeys">,
): Promise<{ keys: KnownKey[]; now: Date }> {
  const { keys, now } = await signingKeys.lockLive();
  return { keys: await assessKeys(keys, custody), now };
}

/** Takes the step that is due under the lock, which may be another than was planned, or none any more. */
async function takeNextStep(
  deps: RotationDependencies,
  stores: KeyStores,
  fresh: NewKey | null,
): Promise<{ isOver: boolean; ended: Pick<SigningKeyRecord, "kid" | "custody">[] }> {
  const { keys, now } = await holdKeys(deps, stores);
  const step = nextKeyStep(keys, deps.keyring.algorithm, deps.schedule, now);
  const isUsed = step !== null && needsNewKey(step);
  const unused = fresh === null || isUsed ? [] : [fresh];
  if (step === null) return { isOver: true, ended: unused };
  // It takes a key now and did not before: it is planned again.
  if (isUsed && fresh === null) return { isOver: false, ended: unused };
  const ended = await takeStep(stores, keys, step, fresh, now);
  return { isOver: false, ended: [...unused, ...ended] };
}

export const needsNewKey = ({ kind }: KeyStep): boolean => kind === "create" || kind === "stage";

/** Writes one step and its audit events. Returns the keys that nobody signs with any more. */
export async function takeStep(
  { signingKeys, audit }: KeyStores,
  keys: readonly SigningKeyRecord[],
  step: KeyStep,
  fresh: NewKey | null,
  now: Date,
): Promise<SigningKeyRecord[]> {
  const write = async (type: AuditEventType, key: SigningKeyRecord, details: AuditEvent["details"] = {}) => {
    await signingKeys.update(key);
    await audit.record(keyEvent(type, key, now, details));
  };
  switch (step.kind) {
    case "create": {
      const key = { ...asRecord(required(fresh), now), state: "active", activatedAt: now } as const;
      await signingKeys.insert(key);
      await audit.record(keyEvent("signing_key.activated", key, now, { replaces: null }));
      return [];
    }
    case "stage": {
      const key = {
        ...asRecord(required(fresh), now),
        state: "staged",
        activatesAt: step.activatesAt,
      } as const;
      await signingKeys.insert(key);
      const activatesAt = step.activatesAt.toISOString();
      await audit.record(keyEvent("signing_key.staged", key, now, { activatesAt }));
      return [];
    }
    case "reschedule": {
      await signingKeys.update({ ...find(keys, step.kid), activatesAt: step.activatesAt });
      return [];
    }
    case "activate": {
      for (const kid of step.replaces) await write("signing_key.stopped", stopped(find(keys, kid), now));
      const key = { ...find(keys, step.kid), state: "active", activatedAt: now } as const;
      await write("signing_key.activated", key, { replaces: step.replaces.join(" ") || null });
      return [];
    }
    case "stop": {
      await write("signing_key.stopped", stopped(find(keys, step.kid), now));
      return [];
    }
    case "retire": {
      const key = find(keys, step.kid);
      await write("signing_key.retired", {
        ...key,
        state: "retired",
        retiredAt: now,
        sealedPrivateKey: null,
      });
      return [key];
    }
  }
}

/** What is kept outside is forgotten there; what cannot be now, and what has just stopped, by `sweepSigner`. */
export async function discardAll(
  custody: KeyCustody,
  keys: readonly Pick<SigningKeyRecord, "kid" | "custody">[],
): Promise<void> {
  await Promise.allSettled(keys.map((key) => custody.discard(key)));
}

export const keyEvent = (
  type: AuditEventType,
  { kid, algorithm }: Pick<SigningKeyRecord, "kid" | "algorithm">,
  at: Date,
  details: AuditEvent["details"] = {},
): AuditEvent => ({
  at,
  type,
  actorId: null,
  userId: null,
  sessionId: null,
  client: null,
  details: { kid, algorithm, ...details },
});

/** Its private part is erased, unless its tokens are verified with it. */
const stopped = (key: SigningKeyRecord, now: Date): SigningKeyRecord => ({
  ...key,
  state: "retiring",
  retiringAt: now,
  sealedPrivateKey: isSymmetric(key.algorithm) ? key.sealedPrivateKey : null,
});

const asRecord = (key: NewKey, now: Date): SigningKeyRecord => ({
  ...key,
  state: "staged",
  createdAt: now,
  activatesAt: null,
  activatedAt: null,
  retiringAt: null,
  retiredAt: null,
  revokedAt: null,
  revokeReason: null,
});

function required(fresh: NewKey | null): NewKey {
  if (fresh === null) throw new Error("This step takes a new key.");
  return fresh;
}

function find(keys: readonly SigningKeyRecord[], kid: string): SigningKeyRecord {
  const key = keys.find((one) => one.kid === kid);
  if (key === undefined) throw new Error(`There is no key ${kid} to move.`);
  return key;
}
