import { type Actor, doneBy } from "@/lib/audit/actor";
import type { AuditEvent, AuditEventType, AuditLog } from "@/lib/audit/events";
import { earlierOf, laterOf } from "@/lib/crypto/clock";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { type Algorithm, isSymmetric } from "./algorithms";
import { type KeyCustody, type NewKey, SigningUnavailableError } from "./custody";
import { assessKeys, type Keyring, type KnownKey } from "./keyring";
import {
  type KeyLine,
  type KeySchedule,
  type KeyStep,
  keyLines,
  nextKeyStep,
  type StuckAlgorithms,
  soonestActivation,
  successor,
} from "./lifecycle";
import { audienceOfUse, type SigningKeyRecord, type SigningKeyStore } from "./signing-key";

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

/** More steps than that at once are due to nobody. */
const MAX_STEPS = 60;

/**
 * Takes every step that is due, each in a transaction of its own, and reads the keyring after it. However many
 * processes do this at once, each step is taken once. Rejects when the store or the custody cannot be reached; a key
 * that cannot be made keeps no other line from moving.
 */
export async function advanceKeys(deps: RotationDependencies): Promise<void> {
  const stuck = await takeDueSteps(deps);
  for (const failure of stuck.values()) throw failure;
}

/** Says of which algorithms no key could be made, and why not. */
async function takeDueSteps(deps: RotationDependencies): Promise<Map<Algorithm, unknown>> {
  const { keyring, custody, schedule } = deps;
  const stuck = new Map<Algorithm, unknown>();
  for (let taken = 0; taken < MAX_STEPS; taken += 1) {
    const planned = nextKeyStep(keyring.keys, keyring.lines, schedule, keyring.now, stuck);
    if (planned === null) return stuck;
    let fresh: NewKey | null = null;
    if (needsNewKey(planned)) {
      try {
        // Not while others wait for the lock.
        fresh = await custody.generate("access_token", planned.algorithm);
      } catch (failure) {
        stuck.set(planned.algorithm, failure);
        continue;
      }
    }
    const { isOver, ended } = await deps.atomically((stores) => takeNextStep(deps, stores, fresh, stuck));
    await discardAll(custody, ended);
    await keyring.load();
    if (isOver) return stuck;
  }
  return stuck;
}

/**
 * The key that is staged in the line of this algorithm will sign as soon as every verifier can have heard of it, which
 * may be at once. Says which key that is, and from when. Throws `invalid_request` for an algorithm that has no line.
 */
export async function requestRotation(
  deps: RotationDependencies,
  actor: Actor,
  note: string | null,
  algorithm: Algorithm = deps.keyring.algorithm,
): Promise<{ kid: string; signsFrom: Date }> {
  const { keyring, schedule } = deps;
  await keyring.load();
  requireLine(keyring.lines, algorithm);
  await advanceLine(deps, algorithm);
  const requested = await deps.atomically(async (stores) => {
    const { keys, now } = await holdKeys(deps, stores);
    const staged = successor(keys, { algorithm });
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
  await advanceLine(deps, algorithm);
  return requested;
}

function requireLine(lines: readonly KeyLine[], algorithm: Algorithm): void {
  const algorithms = lines.map((line) => line.algorithm);
  if (algorithms.includes(algorithm)) return;
  const message = `Nothing is signed with ${algorithm} here. Choose ${algorithms.join(" or ")}.`;
  throw new LatchkeyError("invalid_request", { fields: { algorithm: message } });
}

/** As `advanceKeys`, where only this line has to move. */
async function advanceLine(deps: RotationDependencies, algorithm: Algorithm): Promise<void> {
  const stuck = await takeDueSteps(deps);
  if (stuck.has(algorithm)) throw stuck.get(algorithm);
}

/** The keys, and the lines that they are in, as they are until the transaction ends: nobody else changes them meanwhile. */
export async function holdKeys(
  { custody, keyring }: Pick<RotationDependencies, "custody" | "keyring">,
  { signingKeys }: Pick<KeyStores, "signingKeys">,
): Promise<{ keys: KnownKey[]; lines: KeyLine[]; now: Date }> {
  const { keys, needed, now } = await signingKeys.lockLive();
  return { keys: await assessKeys(keys, custody), lines: keyLines(keyring.algorithm, needed), now };
}

/** Takes the step that is due under the lock, which may be another than was planned, or none any more. */
async function takeNextStep(
  deps: RotationDependencies,
  stores: KeyStores,
  fresh: NewKey | null,
  stuck: StuckAlgorithms,
): Promise<{ isOver: boolean; ended: Pick<SigningKeyRecord, "kid" | "custody">[] }> {
  const { keys, lines, now } = await holdKeys(deps, stores);
  const step = nextKeyStep(keys, lines, deps.schedule, now, stuck);
  const isOfNewKey = step !== null && needsNewKey(step);
  const isUsed = isOfNewKey && step.algorithm === fresh?.algorithm;
  const unused = fresh === null || isUsed ? [] : [fresh];
  if (step === null) return { isOver: true, ended: unused };
  // It takes a key now that was not made before: it is planned again.
  if (isOfNewKey && !isUsed) return { isOver: false, ended: unused };
  const ended = await takeStep(stores, keys, step, fresh, now);
  return { isOver: false, ended: [...unused, ...ended] };
}

const needsNewKey = (step: KeyStep): step is KeyStep & { kind: "create" | "stage" } =>
  step.kind === "create" || step.kind === "stage";

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
      const activatesAt = step.activatesAt?.toISOString() ?? null;
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

/** Of a secret it says whose it is. */
export function keyEvent(
  type: AuditEventType,
  { kid, algorithm, use }: Pick<SigningKeyRecord, "kid" | "algorithm" | "use">,
  at: Date,
  details: AuditEvent["details"] = {},
): AuditEvent {
  const audience = audienceOfUse(use);
  return {
    at,
    type,
    actorId: null,
    userId: null,
    sessionId: null,
    client: null,
    details: { kid, algorithm, ...(audience === null ? {} : { audience }), ...details },
  };
}

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
