import { LRUCache } from "lru-cache";
import {
  RECIPIENT_COOLDOWN_SECONDS,
  RECIPIENT_KEY_SECONDS,
  RECIPIENT_KEY_STALE_SECONDS,
} from "@/lib/config/durations";
import { type Clock, secondsBetween } from "@/lib/crypto/clock";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { isFetchRefused } from "@/lib/outbound/fetch-refused-error";
import type { Audience } from "./audience";
import { chooseEncryptionKey, type EncryptionKey, isUnusableKeySet } from "./encryption-key";

/** Nothing can be encrypted to an audience for the moment: its key cannot be had from where it is published. */
export class RecipientKeyUnavailableError extends Error {
  override readonly name = "RecipientKeyUnavailableError";
}

/** By name, not by class: the server bundles hold copies of this file. */
export const isRecipientKeyUnavailable = (error: unknown): error is RecipientKeyUnavailableError =>
  error instanceof Error && error.name === "RecipientKeyUnavailableError";

interface RecipientKeysDependencies {
  /** The document at an address. Rejects with `FetchRefusedError`. */
  fetchJson: (url: string) => Promise<unknown>;
  clock: Clock;
}

/** What is known of an address. */
interface Publication {
  key: EncryptionKey | null;
  keyReadAt: Date | null;
  /** What was wrong when it was asked last; null where nothing was. */
  failure: string | null;
  /** When it could not be asked last. */
  failedAt: Date | null;
  asking: Promise<void> | null;
}

/** Addresses beyond that push out the one that was used longest ago. */
const MAX_ADDRESSES = 1_000;

/**
 * The keys that tokens are encrypted to. One that an audience publishes is asked for every five minutes, by one request
 * at a time, and not again within ten seconds of a failure; while it cannot be asked for, the last one is used for up to
 * an hour. An audience that rotates its key therefore keeps the former private key for so long, and for the lifetime of a
 * token: what was encrypted before arrives later. A set that is answered without a usable key is another matter: its
 * owner has taken the key back, and it is used no more.
 */
export class RecipientKeys {
  readonly #publications = new LRUCache<string, Publication>({ max: MAX_ADDRESSES });

  constructor(private readonly dependencies: RecipientKeysDependencies) {}

  /** Rejects with `RecipientKeyUnavailableError` while the key cannot be had. */
  async find({
    identifier,
    encryptionKey,
    jwksUri,
  }: Pick<Audience, "identifier" | "encryptionKey" | "jwksUri">): Promise<EncryptionKey> {
    if (encryptionKey !== null) return encryptionKey;
    if (jwksUri === null) throw new Error(`Nothing can be encrypted to ${identifier}: it has no key.`);
    const publication = this.#publicationAt(jwksUri);
    if (this.#isDue(publication)) await this.#ask(jwksUri, publication);
    const { key, keyReadAt, failure } = publication;
    if (key !== null && this.#isWithin(RECIPIENT_KEY_STALE_SECONDS, keyReadAt)) return key;
    throw new RecipientKeyUnavailableError(`Nothing can be encrypted to ${identifier}: ${failure}`);
  }

  /**
   * Asks for the key at once, for an administrator who has just typed the address. Throws `invalid_request` for the field
   * `jwksUri` where there is none.
   */
  async check(jwksUri: string): Promise<void> {
    const publication = this.#publicationAt(jwksUri);
    await this.#ask(jwksUri, publication);
    const { failure } = publication;
    if (failure !== null) throw new LatchkeyError("invalid_request", { fields: { jwksUri: failure } });
  }

  #publicationAt(jwksUri: string): Publication {
    const known = this.#publications.get(jwksUri);
    if (known !== undefined) return known;
    const publication = { key: null, keyReadAt: null, failure: null, failedAt: null, asking: null };
    this.#publications.set(jwksUri, publication);
    return publication;
  }

  #isDue({ key, keyReadAt, failedAt }: Publication): boolean {
    const isFresh = key !== null && this.#isWithin(RECIPIENT_KEY_SECONDS, keyReadAt);
    return !isFresh && !this.#isWithin(RECIPIENT_COOLDOWN_SECONDS, failedAt);
  }

  /** Distance, not age: a clock that was set back must not make anything last longer. */
  #isWithin(seconds: number, instant: Date | null): boolean {
    return instant !== null && Math.abs(secondsBetween(instant, this.dependencies.clock.now())) < seconds;
  }

  #ask(jwksUri: string, publication: Publication): Promise<void> {
    publication.asking ??= this.#read(jwksUri, publication).finally(() => {
      publication.asking = null;
    });
    return publication.asking;
  }

  async #read(jwksUri: string, publication: Publication): Promise<void> {
    const { fetchJson, clock } = this.dependencies;
    try {
      publication.key = chooseEncryptionKey(await fetchJson(jwksUri));
      publication.keyReadAt = clock.now();
      publication.failure = null;
    } catch (error) {
      if (isUnusableKeySet(error)) publication.key = null;
      else if (!isFetchRefused(error)) throw error;
      publication.failure = error.message;
      publication.failedAt = clock.now();
    }
  }
}
