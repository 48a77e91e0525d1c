import { type CryptoKey, importJWK, importPKCS8 } from "jose";
import { KEYRING_COOLDOWN_MS, KEYRING_RELOAD_MS } from "@/lib/config/durations";
import type { Clock } from "@/lib/crypto/clock";
import { type SealedBox, SealedBoxError } from "@/lib/crypto/sealed-box";
import type { Algorithm } from "./algorithms";
import { generateActiveKey } from "./generate-key";
import { type JwksDocument, jwksDocument } from "./jwks";
import { isPublished, type SigningKeyRecord, type SigningKeyStore, sealingContext } from "./signing-key";

export interface VerificationKey {
  kid: string;
  /** A key verifies this algorithm and no other (SECURITY.md J1). */
  algorithm: Algorithm;
  key: CryptoKey;
}

export interface Signer {
  kid: string;
  algorithm: Algorithm;
  key: CryptoKey;
}

interface Contents {
  verificationKeys: ReadonlyMap<string, VerificationKey>;
  signer: Signer | null;
  jwks: JwksDocument;
}

interface KeyringDependencies {
  store: SigningKeyStore;
  box: SealedBox;
  clock: Clock;
}

/**
 * The keys of this process, read from the store: all that verify, and the one that signs.
 * Reloads when an unknown `kid` arrives, at most once per cool-down however many arrive.
 */
export class Keyring {
  /** Goes up whenever the set of keys changes, so that caches of verified tokens know. */
  version = 0;
  #contents: Contents = { verificationKeys: new Map(), signer: null, jwks: jwksDocument([]) };
  /** Which keys, each in which state: what the contents were made from. */
  #fingerprint = "";
  #loadedAtMs = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | null = null;
  /** Why the last read failed; within the cool-down that is the answer to who asks again. */
  #failure: unknown = null;

  constructor(
    private readonly dependencies: KeyringDependencies,
    private readonly algorithm: Algorithm,
  ) {}

  /**
   * Reads the keys and makes the first active one where there is none; says whether this call made it.
   * Throws when the active key cannot be opened, with its kid and the remedy.
   */
  async open(): Promise<boolean> {
    await this.load();
    if (this.#contents.signer !== null) return false;
    const { store, box, clock } = this.dependencies;
    const isOurs = await store.insertActive(
      await generateActiveKey("access_token", this.algorithm, box, clock.now()),
    );
    // Whoever won, its key is the one in the store.
    await this.load();
    return isOurs;
  }

  /** The key that signs now. Throws before `open`. */
  get signer(): Signer {
    if (this.#contents.signer === null) throw new Error("The keyring holds no key that signs.");
    return this.#contents.signer;
  }

  get jwks(): JwksDocument {
    return this.#contents.jwks;
  }

  /**
   * The key of that `kid`, or null. `kid` is looked up in a fixed map and nowhere else. Rejects when a key is not
   * known and the database cannot be asked about it.
   */
  async findVerificationKey(kid: string): Promise<VerificationKey | null> {
    // Keys already held go on verifying while the database cannot be reached.
    await this.#reloadOlderThan(KEYRING_RELOAD_MS).catch(() => undefined);
    const known = this.#contents.verificationKeys.get(kid);
    if (known !== undefined) return known;
    await this.#reloadOlderThan(KEYRING_COOLDOWN_MS);
    return this.#contents.verificationKeys.get(kid) ?? null;
  }

  async #reloadOlderThan(ageMs: number): Promise<void> {
    // Distance, not age: a clock that was set back must not stop the reloading.
    const distanceMs = Math.abs(this.dependencies.clock.now().getTime() - this.#loadedAtMs);
    if (this.#loading === null && distanceMs < ageMs) {
      if (this.#failure !== null) throw this.#failure;
      return;
    }
    await this.load();
  }

  /** Reads the store now; concurrent callers share one read. */
  load(): Promise<void> {
    this.#loading ??= this.#read().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #read(): Promise<void> {
    this.#loadedAtMs = this.dependencies.clock.now().getTime();
    const records = await this.#listLive();
    const fingerprint = records.map(({ kid, state }) => `${kid} ${state}`).join();
    if (fingerprint === this.#fingerprint) return;
    const verificationKeys = await Promise.all(records.filter(isPublished).map(toVerificationKey));
    this.#contents = {
      verificationKeys: new Map(verificationKeys.map((entry) => [entry.kid, entry])),
      signer: await this.#openSigner(records),
      jwks: jwksDocument(records),
    };
    this.#fingerprint = fingerprint;
    this.version += 1;
  }

  async #listLive(): Promise<SigningKeyRecord[]> {
    try {
      const records = await this.dependencies.store.listLive();
      this.#failure = null;
      return records;
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  async #openSigner(records: readonly SigningKeyRecord[]): Promise<Signer | null> {
    const active = records.find(({ state, algorithm }) => state === "active" && algorithm === this.algorithm);
    if (active === undefined || active.sealedPrivateKey === null) return null;
    const { kid, algorithm } = active;
    try {
      const pkcs8 = this.dependencies.box.open(active.sealedPrivateKey, sealingContext(active));
      return { kid, algorithm, key: await importPKCS8(pkcs8.toString(), algorithm) };
    } catch (error) {
      if (!(error instanceof SealedBoxError)) throw error;
      throw new SealedBoxError(
        `Signing key ${kid} cannot be opened: ${error.message}. Put the earlier secret behind the new one: APP_SECRET=new,earlier.`,
      );
    }
  }
}

async function toVerificationKey(record: SigningKeyRecord): Promise<VerificationKey> {
  const key = await importJWK({ ...record.publicJwk, alg: record.algorithm }, record.algorithm);
  if (key instanceof Uint8Array) throw new Error(`Key ${record.kid} is not a public key.`);
  return { kid: record.kid, algorithm: record.algorithm, key };
}
