import type { Clock } from "@/lib/crypto/clock";
import type { Algorithm } from "@/lib/keys/algorithms";
import type { VerificationKey } from "@/lib/keys/verification-key";
import { fetchDocument, reasonOf } from "./fetch-document";
import { readJwkSet } from "./jwk-set";

export interface RemoteKeysOptions {
  url: string;
  /** A key that the issuer has dropped is out of use after this long, while the issuer answers. */
  ttlSeconds: number;
  /** Tokens with unknown key ids have the keys fetched at most this often, however many they are. */
  cooldownSeconds: number;
  /** The keys outlive the last good answer by this long at most, while the issuer does not answer. */
  maxStaleSeconds: number;
  timeoutMs: number;
  fetch: typeof fetch;
  clock: Clock;
  /** Hears once of what keeps the keys from being fetched, until they can be fetched again. */
  onProblem: (problem: string) => void;
}

const MAX_BYTES = 64 * 1024;

/** From this part of their time on keys are fetched anew beside the requests, so that these need not wait. */
const REFRESH_AT = 0.8;

const FIRST_PAUSE_MS = 1_000;

/** Neither do we know the key, nor can we ask. */
export class KeysUnavailableError extends Error {
  override readonly name = "KeysUnavailableError";
}

/**
 * The issuer's keys for one algorithm, by its JWKS. Every need for another fetch shares the one that is under way.
 * A bad answer changes nothing: the last good keys stay until they are `maxStaleSeconds` old.
 */
export class RemoteKeys {
  /** Goes up whenever the set changes, so that caches of verified tokens know. */
  version = 0;
  #keys: ReadonlyMap<string, VerificationKey> = new Map();
  #fingerprint: string | null = null;
  #etag: string | null = null;
  /** When the last good answer was asked for. */
  #confirmedAtMs = Number.NEGATIVE_INFINITY;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #problem = "nothing has been fetched yet";
  #reported: string | null = null;
  #loading: Promise<void> | null = null;
  readonly #closing = new AbortController();

  constructor(
    private readonly algorithm: Algorithm,
    private readonly options: RemoteKeysOptions,
  ) {}

  /**
   * What a verification has to wait for, also one that has its token in a cache: null nearly always. Rejects with
   * `KeysUnavailableError` when there are no keys that may still be used.
   */
  settle(): Promise<void> | null {
    const { ttlSeconds, maxStaleSeconds } = this.options;
    const ageSeconds = this.#secondsSince(this.#confirmedAtMs);
    if (ageSeconds < ttlSeconds * REFRESH_AT) return null;
    this.#loadUnlessJustTried();
    const mayGoOn = this.#failures > 0 ? ageSeconds < maxStaleSeconds : ageSeconds < ttlSeconds;
    return mayGoOn ? null : this.#loaded();
  }

  /** Resolves when the keys are there. Rejects with `KeysUnavailableError`. */
  async ready(): Promise<void> {
    await this.settle();
  }

  /**
   * The key of that `kid`, or null. `kid` is looked up in a fixed map and nowhere else. Rejects with
   * `KeysUnavailableError` when it is not known and the issuer cannot be asked about it.
   */
  async findKey(kid: string): Promise<VerificationKey | null> {
    const waiting = this.settle();
    if (waiting !== null) await waiting;
    const known = this.#keys.get(kid);
    if (known !== undefined) return known;
    this.#loadUnlessJustTried();
    await this.#loading;
    const found = this.#keys.get(kid);
    if (found === undefined && this.#failures > 0) throw this.#unavailable();
    return found ?? null;
  }

  /** Lets go of a fetch that is under way; there is none after it. */
  close(): void {
    this.#closing.abort();
  }

  async #loaded(): Promise<void> {
    await this.#loading;
    if (this.#secondsSince(this.#confirmedAtMs) >= this.options.maxStaleSeconds) throw this.#unavailable();
  }

  #loadUnlessJustTried(): void {
    if (this.#loading !== null || this.#secondsSince(this.#triedAtMs) * 1000 < this.#pauseMs()) return;
    this.#triedAtMs = this.options.clock.now().getTime();
    this.#loading = this.#load(this.#triedAtMs).finally(() => {
      this.#loading = null;
    });
  }

  /** Without keys nothing works: then it is tried again soon at first, as when both start together. */
  #pauseMs(): number {
    const { cooldownSeconds, ttlSeconds, maxStaleSeconds } = this.options;
    const coolDownMs = Math.min(cooldownSeconds, ttlSeconds * REFRESH_AT) * 1000;
    const hasKeys = this.#secondsSince(this.#confirmedAtMs) < maxStaleSeconds;
    return hasKeys ? coolDownMs : Math.min(coolDownMs, FIRST_PAUSE_MS * 2 ** (this.#failures - 1));
  }

  /** Never rejects. */
  async #load(askedAtMs: number): Promise<void> {
    const { url, fetch, timeoutMs } = this.options;
    try {
      const request = { url, fetch, timeoutMs, maxBytes: MAX_BYTES, etag: this.#etag };
      const document = await fetchDocument(request, this.#closing.signal);
      if (document !== null) await this.#take(document.value, document.etag);
      this.#confirmedAtMs = askedAtMs;
      this.#failures = 0;
      this.#reported = null;
    } catch (error) {
      this.#failures += 1;
      this.#problem = reasonOf(error);
      this.#report();
    }
  }

  #report(): void {
    if (this.#closing.signal.aborted || this.#reported === this.#problem) return;
    this.#reported = this.#problem;
    this.options.onProblem(this.#unavailable().message);
  }

  async #take(document: unknown, etag: string | null): Promise<void> {
    const keys = await readJwkSet(document, this.algorithm);
    const fingerprint = JSON.stringify(document);
    if (fingerprint !== this.#fingerprint) {
      this.#keys = new Map(keys.map((key) => [key.kid, key]));
      this.version += 1;
    }
    this.#fingerprint = fingerprint;
    this.#etag = etag;
  }

  /** Distance, not age: a clock that was set back must not make old keys young. */
  #secondsSince(instantMs: number): number {
    return Math.abs(this.options.clock.now().getTime() - instantMs) / 1000;
  }

  #unavailable(): KeysUnavailableError {
    return new KeysUnavailableError(`The keys at ${this.options.url} cannot be had: ${this.#problem}.`);
  }
}
