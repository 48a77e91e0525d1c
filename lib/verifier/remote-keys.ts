import { createLocalJWKSet, type JSONWebKeySet } from "jose";
import type { Clock } from "@/lib/crypto/clock";
import type { Algorithm } from "@/lib/keys/algorithms";
import type { VerificationKey } from "@/lib/keys/verification-key";
import type { JwksOptions } from "./options";
import { openSource } from "./source";

export interface RemoteKeysOptions extends Required<JwksOptions> {
  algorithm: Algorithm;
  fetch: typeof fetch;
  clock: Clock;
  onProblem: (problem: string) => void;
}

/** The issuer's keys for one algorithm, by its JWKS. */
export interface RemoteKeys {
  /** Goes up whenever the set changes, so that caches of verified tokens know. */
  readonly version: number;
  /**
   * What a verification has to wait for, also one that has its token in a cache: null nearly always. Rejects when there
   * are no keys that may still be used.
   */
  settle(): Promise<void> | null;
  /** The key of that `kid`, or null. Rejects when it is not known and the issuer cannot be asked about it. */
  findKey(kid: string): Promise<VerificationKey | null>;
  close(): void;
}

const MAX_BYTES = 64 * 1024;

/** For one fetch, all of it. */
const TIMEOUT_SECONDS = 5;

/** From this part of their time on keys are fetched anew beside the requests, so that these need not wait. */
const REFRESH_AT = 0.8;

/**
 * Every need for another fetch shares the one that is under way. A bad answer changes nothing: the last good keys stay
 * until they are `maxStaleSeconds` old.
 */
export function openRemoteKeys(options: RemoteKeysOptions): RemoteKeys {
  const { algorithm, ttlSeconds, cooldownSeconds, maxStaleSeconds } = options;
  const source = openSource({ ...options, maxBytes: MAX_BYTES });
  /** There once `settle` has not rejected. */
  let jwks: ReturnType<typeof createLocalJWKSet>;
  let version = 0;
  let text = "";
  let loading: Promise<void> | null = null;

  const take = (document: JSONWebKeySet): void => {
    const taken = createLocalJWKSet(document);
    if (document.keys.length === 0) throw new Error("no keys");
    const takenText = JSON.stringify(document);
    if (takenText === text) return;
    text = takenText;
    jwks = taken;
    version += 1;
  };

  /** Unless that is under way, or was tried just now; what failed is tried again soon at first. */
  const load = (): void => {
    const { failures } = source;
    const pauseSeconds = Math.min(
      cooldownSeconds,
      failures > 0 ? 2 ** (failures - 1) : ttlSeconds * REFRESH_AT,
    );
    if (loading !== null || source.sinceAsked() < pauseSeconds) return;
    loading = source.ask(take, TIMEOUT_SECONDS * 1_000).finally(() => {
      loading = null;
    });
  };

  const loaded = async (): Promise<void> => {
    await loading;
    if (source.age() >= maxStaleSeconds) throw source.fault;
  };

  const settle = (): Promise<void> | null => {
    const age = source.age();
    if (age < ttlSeconds * REFRESH_AT) return null;
    // What failed so long ago says nothing of now. Longer than an answer may take: an issuer that hangs holds up nobody twice.
    if (source.sinceAsked() >= 2 * Math.max(cooldownSeconds, TIMEOUT_SECONDS)) source.failures = 0;
    load();
    return age < (source.failures > 0 ? maxStaleSeconds : ttlSeconds) ? null : loaded();
  };

  /** Null unless it is one public key, for verifying and of this algorithm. */
  const lookUp = (kid: string): Promise<VerificationKey | null> =>
    jwks({ alg: algorithm, kid }).then(
      (key) => ({ kid, algorithm, key }),
      () => null,
    );

  return {
    get version() {
      return version;
    },
    settle,
    async findKey(kid) {
      await settle();
      let key = await lookUp(kid);
      if (key !== null) return key;
      load();
      await loading;
      key = await lookUp(kid);
      if (key === null && source.failures > 0) throw source.fault;
      return key;
    },
    close: source.close,
  };
}
