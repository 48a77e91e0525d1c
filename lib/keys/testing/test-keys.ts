import type { Clock } from "@/lib/crypto/clock";
import { createSealedBox } from "@/lib/crypto/sealed-box";
import type { Algorithm } from "../algorithms";
import type { KeyCustody } from "../custody";
import { EveryCustody } from "../every-custody";
import { Keyring } from "../keyring";
import type { KeySchedule } from "../lifecycle";
import { OutsideCustody, type OutsideSigner } from "../outside-custody";
import { advanceKeys, type RotationDependencies } from "../rotation";
import { SealedCustody } from "../sealed-custody";
import { MemorySigningKeyStore } from "./memory-signing-key-store";

const DAY_SECONDS = 86_400;

export const TEST_SCHEDULE: KeySchedule = {
  rotationSeconds: 30 * DAY_SECONDS,
  stagedSeconds: 900,
  retiringSeconds: 990,
  abandonedSeconds: DAY_SECONDS,
};

export const TEST_SECRET = "test-secret-0123456789-abcdefghij";

interface TestKeysOptions {
  /** Of this process and, unless a store is given, of the database. */
  clock: Clock;
  store?: MemorySigningKeyStore;
  algorithm?: Algorithm;
  secrets?: readonly string[];
  signer?: OutsideSigner | null;
  /** False: its keys make way for sealed ones. */
  signerNewKeys?: boolean;
  schedule?: KeySchedule;
}

export interface TestKeys extends RotationDependencies {
  store: MemorySigningKeyStore;
  sealed: SealedCustody;
  outside: OutsideCustody | null;
  custody: KeyCustody;
  /** What was reported, in order. */
  problems: string[];
  /** The kid and seconds of each signature. */
  signed: [kid: string, seconds: number][];
  /** Reads the keys and takes every step that is due, as a process does when it starts and ever after. */
  open(): Promise<void>;
}

/** The signing keys of one process, on a store in memory that other processes may share. */
export function createTestKeys(options: TestKeysOptions): TestKeys {
  const { clock, algorithm = "ES256", secrets = [TEST_SECRET] } = options;
  const { signer = null, signerNewKeys = true } = options;
  const { store = new MemorySigningKeyStore(clock), schedule = TEST_SCHEDULE } = options;
  const sealed = new SealedCustody(createSealedBox(secrets));
  const outside = signer === null ? null : new OutsideCustody(signer);
  const custody = new EveryCustody(sealed, outside, signerNewKeys ? (outside ?? sealed) : sealed);
  const problems: string[] = [];
  const signed: [string, number][] = [];
  const onSigned = (kid: string, seconds: number) => void signed.push([kid, seconds]);
  const onProblem = (problem: string) => void problems.push(problem);
  const keyring = new Keyring({ store, custody, clock, schedule, onSigned, onProblem }, algorithm);
  const keys: TestKeys = {
    store,
    sealed,
    outside,
    custody,
    keyring,
    schedule,
    problems,
    signed,
    atomically: (work) => store.atomically(work),
    open: async () => {
      await keyring.load();
      await advanceKeys(keys);
    },
  };
  return keys;
}
