import { compactVerify, importJWK, type JWK } from "jose";
import { encodeBase64url } from "@/lib/crypto/base64url";
import type { Algorithm } from "./algorithms";
import {
  type Assessment,
  type KeyCustody,
  type NewKey,
  type Signer,
  SigningUnavailableError,
} from "./custody";
import { publicMembers } from "./jwks";
import { isItself, type SigningKeyRecord } from "./signing-key";

/**
 * Somebody else who makes keys and signs with them, and hands none out: a process beside this one, a KMS, a Vault.
 * Everything rejects when it does not answer.
 */
export interface OutsideSigner {
  /** For messages: where it is. */
  readonly name: string;
  /** All that it holds, what has just been made included: a key that is missing is never used again. */
  list(): Promise<Holdings>;
  /** Makes a key. `kid` is the RFC 7638 thumbprint of the public key; `id` that of `list`. */
  generate(algorithm: Algorithm): Promise<{ id: string; kid: string; publicJwk: JWK }>;
  /** The JWS signature of these bytes (RFC 7518 section 3), or null when it does not hold that key. */
  sign(kid: string, data: Uint8Array): Promise<Uint8Array | null>;
  /** Forgets a key. Resolves also for one it does not hold. */
  discard(kid: string): Promise<void>;
}

/** What a signer outside holds. */
export interface Holdings {
  /** What the signer is called for as long as it holds the same keys. */
  id: string;
  keys: readonly {
    kid: string;
    /** Whether it was made for this Latchkey; others may share the signer. */
    isOurs: boolean;
    ageSeconds: number;
  }[];
}

const CUSTODY_PREFIX = "signer:";

/**
 * Private keys that a signer outside holds. Only what the signer says changes what its keys are good for: while it is
 * silent they stay what they were, so that no key takes the place of one that will be back in a moment.
 */
export class OutsideCustody implements KeyCustody {
  /** As the signer last said, until it is found to have changed. */
  #holdings: Holdings | null = null;
  /** Whether it did not answer when it was last asked what it holds, nor anything since. */
  #isSilent = false;
  #looking: Promise<void> | null = null;

  constructor(private readonly signer: OutsideSigner) {}

  async generate(use: NewKey["use"], algorithm: Algorithm): Promise<NewKey> {
    // Whoever was away may hold a key that makes a new one needless.
    await this.look();
    const { id, kid, publicJwk } = await this.#ask(() => this.signer.generate(algorithm));
    this.#holdings = null;
    const identity = { kid, use, algorithm, publicJwk: publicMembers(publicJwk) };
    await this.#prove(identity);
    return { ...identity, custody: CUSTODY_PREFIX + id, sealedPrivateKey: null };
  }

  async assess(key: SigningKeyRecord): Promise<Assessment> {
    const { kid, custody } = key;
    const { name } = this.signer;
    await this.#lookFor(key);
    const cannotSign = (what: string) => `Signing key ${kid} cannot sign: the signer at ${name} ${what}`;
    const silence = cannotSign("does not answer. Start it, or correct SIGNER_SOCKET.");
    if (this.#holds(kid)) return { standing: "preferred", problem: this.#isSilent ? silence : null };
    if (this.#holdings === null || this.#isSilent) return { standing: "foreign", problem: silence };
    return this.#holdings.id === idOf(custody)
      ? { standing: "refused", problem: cannotSign("has lost it. Find out why.") }
      : { standing: "foreign", problem: cannotSign("is another than the one that holds it.") };
  }

  async open({ kid, algorithm, publicJwk }: SigningKeyRecord): Promise<Signer> {
    const bytes = signatureBytes(publicJwk);
    return {
      kid,
      algorithm,
      sign: async (data) => {
        const signature = await this.#sign(kid, data);
        if (signature.length === bytes) return signature;
        throw new SigningUnavailableError(
          `The signer at ${this.signer.name} answered ${signature.length} bytes where a signature of ${kid} has ${bytes}.`,
        );
      },
    };
  }

  openSecret(): never {
    throw new Error("A signer outside holds no secrets that verify.");
  }

  async discard({ kid }: Pick<SigningKeyRecord, "kid">): Promise<void> {
    await this.#ask(() => this.signer.discard(kid));
  }

  /** What the signer holds for this Latchkey. */
  async ours(): Promise<Holdings["keys"]> {
    await this.look();
    const { keys } = this.#holdings ?? { keys: [] };
    return keys.filter(({ isOurs }) => isOurs);
  }

  /** Asks what the signer holds; callers at once share one question. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    try {
      this.#holdings = await this.signer.list();
      this.#isSilent = false;
    } catch (cause) {
      this.#isSilent = true;
      throw this.#unavailable(cause);
    }
  }

  /** Asks where that may change the answer. Who reads the keys does not wait for a signer that is known to be silent. */
  async #lookFor(key: SigningKeyRecord): Promise<void> {
    if (this.#isSilent) void this.look().catch(() => undefined);
    // Twice: the answer that is under way may be from before the key was made.
    for (let looks = 0; looks < 2 && !this.#isSilent && !this.#isPlaced(key); looks += 1) {
      await this.look().catch(() => undefined);
    }
  }

  /** Whether it is known that the signer holds the key, or that another one does. */
  #isPlaced({ kid, custody }: SigningKeyRecord): boolean {
    return this.#holds(kid) || (this.#holdings !== null && this.#holdings.id !== idOf(custody));
  }

  #holds(kid: string): boolean {
    return this.#holdings?.keys.some((key) => key.kid === kid) ?? false;
  }

  async #sign(kid: string, data: Uint8Array): Promise<Uint8Array> {
    const signature = await this.#ask(() => this.signer.sign(kid, data));
    if (signature !== null) return signature;
    this.#holdings = null;
    throw new SigningUnavailableError(`The signer at ${this.signer.name} no longer holds ${kid}.`);
  }

  /** Rejects for a key whose signatures its public part does not verify: no verifier would accept its tokens. */
  async #prove(key: Pick<NewKey, "kid" | "algorithm" | "publicJwk">): Promise<void> {
    const { kid, algorithm, publicJwk } = key;
    try {
      if (!(await isItself(key))) throw new Error("Its kid is not its thumbprint.");
      const signingInput = `${encode({ alg: algorithm, typ: "proof" })}.${encode({})}`;
      const signature = await this.#sign(kid, Buffer.from(signingInput));
      const publicKey = await importJWK(publicJwk, algorithm);
      await compactVerify(`${signingInput}.${encodeBase64url(signature)}`, publicKey, {
        algorithms: [algorithm],
      });
    } catch (cause) {
      await this.discard(key).catch(() => undefined);
      const what = `The signer at ${this.signer.name} has made a key that does not sign ${algorithm} as it should.`;
      throw new SigningUnavailableError(what, { cause });
    }
  }

  /** Where that fails, it is found out at once whether the signer is away. */
  async #ask<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    try {
      const answer = await call();
      this.#isSilent = false;
      return answer;
    } catch (cause) {
      this.look().catch(() => undefined);
      throw this.#unavailable(cause);
    }
  }

  #unavailable(cause: unknown): SigningUnavailableError {
    return new SigningUnavailableError(`The signer at ${this.signer.name} does not answer.`, { cause });
  }
}

export const isOutside = ({ custody }: Pick<SigningKeyRecord, "custody">): boolean =>
  custody.startsWith(CUSTODY_PREFIX);

const idOf = (custody: string): string => custody.slice(CUSTODY_PREFIX.length);

const encode = (value: object): string => encodeBase64url(Buffer.from(JSON.stringify(value)));

/** RFC 7518 sections 3.3 and 3.4, RFC 8032: the length of the modulus, or twice that of a coordinate. */
const signatureBytes = ({ n, x }: JWK): number =>
  n === undefined ? 2 * Buffer.from(x ?? "", "base64url").length : Buffer.from(n, "base64url").length;
