import { type CryptoKey, importJWK } from "jose";
import { KEYRING_COOLDOWN_MS, KEYRING_STALE_SECONDS } from "@/lib/config/durations";
import { addSeconds, type Clock, secondsBetween } from "@/lib/crypto/clock";
import { type Algorithm, isSymmetric } from "./algorithms";
import { type Assessment, type KeyCustody, type Signer, SigningUnavailableError } from "./custody";
import { type JwksDocument, jwksDocument, jwksMaxAgeSeconds } from "./jwks";
import {
  activeKey,
  isOfLine,
  type KeyLine,
  type KeySchedule,
  keyLines,
  nextPublishedChange,
  signingKey,
  successor,
  usableKeys,
} from "./lifecycle";
import {
  isAccepted,
  isItself,
  type KeyUse,
  type LiveKeys,
  type SigningKeyRecord,
  type SigningKeyStore,
  secretUse,
} from "./signing-key";
import { importSecretKey, type VerificationKey } from "./verification-key";

/** A key of the store, and what this process can do with it. */
export type KnownKey = SigningKeyRecord & Assessment;

interface Contents {
  keys: readonly KnownKey[];
  needed: readonly Algorithm[];
  /** What verifies the tokens of our own pages, among others: no secret that an audience shares. */
  verificationKeys: ReadonlyMap<string, VerificationKey>;
  /** The secrets that audiences share, as far as they can be opened here, by their kid. */
  secretKeys: ReadonlyMap<string, VerificationKey>;
  algorithms: ReadonlySet<Algorithm>;
  /** Of each active key that can be used here, by its kid. */
  signers: ReadonlyMap<string, Signer>;
  jwks: JwksDocument;
}

const NO_KEYS: Contents = {
  keys: [],
  needed: [],
  verificationKeys: new Map(),
  secretKeys: new Map(),
  algorithms: new Set(),
  signers: new Map(),
  jwks: jwksDocument([]),
};

interface KeyringDependencies {
  store: Pick<SigningKeyStore, "listLive">;
  custody: KeyCustody;
  clock: Clock;
  schedule: KeySchedule;
  /** Hears of each signature, and of how long it took. */
  onSigned?: (kid: string, seconds: number) => void;
  /** Hears once of each key that cannot be used, in words for whoever runs Latchkey. */
  onProblem?: (problem: string) => void;
}

/**
 * The keys of this process, read from the store: all that verify, and those that sign. Reads them again when it is
 * told to, and when a key is asked for that it does not know: at most once per cool-down however often that happens.
 */
export class Keyring {
  /** Goes up whenever the set of keys that verify changes, so that caches of verified tokens know. */
  version = 0;
  #contents = NO_KEYS;
  /** What the contents were made from. */
  #fingerprint: string | null = null;
  /** By how much the database's clock is ahead of ours. */
  #clockAheadSeconds = 0;
  #readAt: Date | null = null;
  #searchedAtMs = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | null = null;
  #following: Promise<void> | null = null;
  /** Why the last read failed; within the cool-down that is the answer to who asks again. */
  #failure: unknown = null;

  constructor(
    private readonly dependencies: KeyringDependencies,
    /** Of the key that signs the tokens of our own pages, as soon as there is one. */
    readonly algorithm: Algorithm,
  ) {}

  /**
   * The key that signed the tokens of our own pages when the store was last read. Throws `SigningUnavailableError`
   * when there was none.
   */
  get signer(): Signer {
    return this.#signerOf(signingKey(this.keys, this.algorithm));
  }

  /** The key that signs them now: read again first where it may have been replaced. Rejects when it cannot be. */
  async findSigner(): Promise<Signer> {
    await this.#readIfStale();
    return this.signer;
  }

  /**
   * The key that signs for just this use by just this algorithm, as `findSigner`. The store is read where there is
   * none: it may have just been made.
   */
  async findSignerFor(use: KeyUse, algorithm: Algorithm): Promise<Signer> {
    await this.#readIfStale();
    const kind = { use, algorithm };
    if (activeKey(this.keys, kind) === null) await this.#search();
    return this.#signerOf(activeKey(this.keys, kind));
  }

  /** The secrets of an audience with which its tokens are verified, as far as they can be opened here. */
  findSecretKeys(audience: string): VerificationKey[] {
    const use = secretUse(audience);
    const secrets = this.keys.filter((key) => key.use === use);
    return secrets.flatMap(({ kid }) => this.#contents.secretKeys.get(kid) ?? []);
  }

  /** The lines of keys that there are to be: that of our own pages first. */
  get lines(): KeyLine[] {
    return keyLines(this.algorithm, this.#contents.needed);
  }

  /** Every key that is neither retired nor revoked. */
  get keys(): readonly KnownKey[] {
    return this.#contents.keys;
  }

  /** The key that will sign the tokens of our own pages next; null while none is staged. */
  get nextKey(): KnownKey | null {
    return successor(this.keys, this);
  }

  /** Of the keys that verify, or have: the token of a key that is gone is of an unknown key, not a confused one. */
  get algorithms(): ReadonlySet<Algorithm> {
    return this.#contents.algorithms;
  }

  /** The database's clock, which the life of keys goes by. */
  get now(): Date {
    return addSeconds(this.dependencies.clock.now(), this.#clockAheadSeconds);
  }

  get jwks(): JwksDocument & { maxAgeSeconds: number } {
    const { keys, jwks } = this.#contents;
    const { now } = this;
    const nextChange = nextPublishedChange(keys, this.dependencies.schedule, now);
    return { ...jwks, maxAgeSeconds: jwksMaxAgeSeconds(nextChange, now) };
  }

  /**
   * The key of that `kid`, or null: never a secret of an audience. `kid` is looked up in a fixed map and nowhere else.
   * Rejects when a key is not known and the database cannot be asked about it.
   */
  async findVerificationKey(kid: string): Promise<VerificationKey | null> {
    const known = this.#contents.verificationKeys.get(kid);
    if (known !== undefined) return known;
    await this.#search();
    return this.#contents.verificationKeys.get(kid) ?? null;
  }

  /** Reads the store: nothing older than this call. Who calls while it is being read shares the next read. */
  load(): Promise<void> {
    if (this.#loading !== null) return this.#loadAfter(this.#loading);
    this.#loading = this.#read().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  #loadAfter(loading: Promise<void>): Promise<void> {
    this.#following ??= loading
      .catch(() => undefined)
      .then(() => {
        this.#following = null;
        return this.load();
      });
    return this.#following;
  }

  #signerOf(key: KnownKey | null): Signer {
    const signer = key === null ? undefined : this.#contents.signers.get(key.kid);
    if (key === null || signer === undefined) {
      throw new SigningUnavailableError("The keyring holds no key that signs.");
    }
    // Whoever holds it is silent.
    if (key.problem !== null) throw new SigningUnavailableError(key.problem);
    return signer;
  }

  async #readIfStale(): Promise<void> {
    const age =
      this.#readAt === null ? 0 : Math.abs(secondsBetween(this.#readAt, this.dependencies.clock.now()));
    if (age > KEYRING_STALE_SECONDS) await this.load();
  }

  async #search(): Promise<void> {
    const nowMs = this.dependencies.clock.now().getTime();
    // Distance, not age: a clock that was set back must not stop the searching.
    if (Math.abs(nowMs - this.#searchedAtMs) < KEYRING_COOLDOWN_MS) {
      await (this.#following ?? this.#loading);
      if (this.#failure !== null) throw this.#failure;
      return;
    }
    this.#searchedAtMs = nowMs;
    await this.load();
  }

  async #read(): Promise<void> {
    const { clock } = this.dependencies;
    const readAt = clock.now();
    const { keys: records, needed, now } = await this.#listLive();
    this.#clockAheadSeconds = secondsBetween(readAt, now);
    // Whoever holds a key may have gone or come back.
    const keys = await assessKeys(records, this.dependencies.custody);
    const fingerprint = [...needed, ...keys.map(fingerprintOf)].join();
    if (fingerprint !== this.#fingerprint) {
      await this.#take(keys, needed);
      this.#fingerprint = fingerprint;
    }
    this.#readAt = readAt;
  }

  async #listLive(): Promise<LiveKeys> {
    try {
      const live = await this.dependencies.store.listLive();
      this.#failure = null;
      return live;
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  async #take(keys: readonly KnownKey[], needed: readonly Algorithm[]): Promise<void> {
    const { custody } = this.dependencies;
    this.#report(keys);
    const accepted = await acceptedKeys(keys.filter(isOfLine), custody);
    const secrets = await acceptedKeys(
      keys.filter((key) => !isOfLine(key)),
      custody,
    );
    const verificationKeys = new Map(accepted.map((key) => [key.kid, key]));
    const isSame = [...verificationKeys.keys()].join() === [...this.#contents.verificationKeys.keys()].join();
    this.#contents = {
      keys,
      needed,
      verificationKeys,
      secretKeys: new Map(secrets.map((key) => [key.kid, key])),
      algorithms: new Set([...this.algorithms, ...accepted.map(({ algorithm }) => algorithm)]),
      signers: await this.#openSigners(keys),
      jwks: jwksDocument(keys.filter(({ kid }) => verificationKeys.has(kid))),
    };
    if (!isSame) this.version += 1;
  }

  #report(keys: readonly KnownKey[]): void {
    const known = new Set(this.#contents.keys.map(({ problem }) => problem));
    for (const { problem } of keys) {
      if (problem !== null && !known.has(problem)) this.dependencies.onProblem?.(problem);
    }
  }

  async #openSigners(keys: readonly KnownKey[]): Promise<Contents["signers"]> {
    const active = usableKeys(keys).filter(({ state }) => state === "active");
    const signers = await Promise.all(active.map((key) => this.#open(key)));
    return new Map(signers.map((signer) => [signer.kid, signer]));
  }

  async #open(key: KnownKey): Promise<Signer> {
    const { kid, algorithm, sign } = await this.dependencies.custody.open(key);
    const timed = async (data: Uint8Array) => {
      const begunAt = performance.now();
      const signature = await sign(data);
      this.dependencies.onSigned?.(kid, (performance.now() - begunAt) / 1000);
      return signature;
    };
    return { kid, algorithm, sign: timed };
  }
}

/** Each key with what this process can do with it. */
export const assessKeys = (
  records: readonly SigningKeyRecord[],
  custody: Pick<KeyCustody, "assess">,
): Promise<KnownKey[]> =>
  Promise.all(records.map(async (record) => ({ ...record, ...(await custody.assess(record)) })));

const fingerprintOf = ({ sealedPrivateKey, ...rest }: SigningKeyRecord): string =>
  JSON.stringify([rest, Buffer.from(sealedPrivateKey ?? []).toString("base64")]);

async function acceptedKeys(keys: readonly KnownKey[], custody: KeyCustody): Promise<VerificationKey[]> {
  const accepted = await Promise.all(keys.filter(isAccepted).map((key) => toVerificationKey(key, custody)));
  return accepted.filter((key) => key !== null);
}

/** Null for a key that is not what it says it is, and for a secret that is not held here. */
async function toVerificationKey(record: KnownKey, custody: KeyCustody): Promise<VerificationKey | null> {
  const { kid, algorithm, publicJwk } = record;
  if (isSymmetric(algorithm)) return usableKeys([record]).length > 0 ? toSecret(record, custody) : null;
  if (!(await isItself(record))) return null;
  // Bytes are given for a secret alone.
  const key = (await importJWK({ ...publicJwk, alg: algorithm }, algorithm)) as CryptoKey;
  return { kid, algorithm, key };
}

async function toSecret(record: KnownKey, custody: KeyCustody): Promise<VerificationKey> {
  const { kid, algorithm } = record;
  return { kid, algorithm, key: await importSecretKey(custody.openSecret(record)) };
}
