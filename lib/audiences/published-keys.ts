import { LRUCache } from "lru-cache";
import {
  PUBLISHED_KEY_SECONDS,
  PUBLISHED_KEY_STALE_SECONDS,
  PUBLISHER_COOLDOWN_SECONDS,
} from "@/lib/config/durations";
import { type Clock, secondsBetween } from "@/lib/crypto/clock";
import { isFetchRefused } from "@/lib/outbound/fetch-refused-error";
import { isUnusableKeySet } from "./encryption-key";

interface PublishedKeysDependencies<Keys> {
  /** The document at an address. Rejects with `FetchRefusedError`. */
  fetchJson: (url: string) => Promise<unknown>;
  /** What is taken of it. Throws `UnusableKeySetError`. */
  choose: (document: unknown) => Keys;
  clock: Clock;
}

/** What is known of an address. */
interface Publication<Keys> {
  keys: Keys | null;
  readAt: Date | null;
  /** What was wrong when it was asked last; null where nothing was. */
  failure: string | null;
  /** When it could not be asked last. */
  failedAt: Date | null;
  asking: Promise<void> | null;
}

/** Addresses beyond that push out the one that was used longest ago. */
const MAX_ADDRESSES = 1_000;
/** For so long after it has failed, an address is taken to be one that may not answer the next time either. */
const SILENCE_SECONDS = 3 * PUBLISHER_COOLDOWN_SECONDS;

/**
 * The keys that other servers publish. Each address is asked every five minutes, by one request at a time, and not again
 * within ten seconds of a failure; while it cannot be asked, what it said last is used for up to an hour, and who asks soon
 * after a failure does not wait for the next. A set that is answered without a usable key is another matter: its owner
 * has taken the key back, and it is used no more.
 */
export class PublishedKeys<Keys> {
  readonly #publications = new LRUCache<string, Publication<Keys>>({ max: MAX_ADDRESSES });

  constructor(private readonly dependencies: PublishedKeysDependencies<Keys>) {}

  /** The keys of the address as they are known, or why none are. */
  async find(url: string): Promise<{ keys: Keys } | { failure: string }> {
    const publication = this.#publicationAt(url);
    if (this.#isDue(publication)) {
      const asking = this.#ask(url, publication);
      if (this.#isSilent(publication) && this.#usableKeys(publication)) asking.catch(() => undefined);
      else await asking;
    }
    const keys = this.#usableKeys(publication);
    return keys === null ? { failure: publication.failure ?? "It has not been asked." } : { keys };
  }

  /** Asks at once, and says what was wrong; null where nothing was. */
  async check(url: string): Promise<string | null> {
    const publication = this.#publicationAt(url);
    await this.#ask(url, publication);
    return publication.failure;
  }

  /** As `find`, from an address that may say something else by now: asked again unless that was within the cool-down. */
  async findNewer(url: string): Promise<{ keys: Keys } | { failure: string }> {
    const publication = this.#publicationAt(url);
    const isCool =
      !this.#isWithin(PUBLISHER_COOLDOWN_SECONDS, publication.readAt) &&
      !this.#isWithin(PUBLISHER_COOLDOWN_SECONDS, publication.failedAt);
    if (isCool) await this.#ask(url, publication);
    return this.find(url);
  }

  #publicationAt(url: string): Publication<Keys> {
    const known = this.#publications.get(url);
    if (known !== undefined) return known;
    const publication = { keys: null, readAt: null, failure: null, failedAt: null, asking: null };
    this.#publications.set(url, publication);
    return publication;
  }

  #isDue({ keys, readAt, failedAt }: Publication<Keys>): boolean {
    const isFresh = keys !== null && this.#isWithin(PUBLISHED_KEY_SECONDS, readAt);
    return !isFresh && !this.#isWithin(PUBLISHER_COOLDOWN_SECONDS, failedAt);
  }

  #isSilent({ failure, failedAt }: Publication<Keys>): boolean {
    return failure !== null && this.#isWithin(SILENCE_SECONDS, failedAt);
  }

  #usableKeys({ keys, readAt }: Publication<Keys>): Keys | null {
    return this.#isWithin(PUBLISHED_KEY_STALE_SECONDS, readAt) ? keys : null;
  }

  /** Distance, not age: a clock that was set back must not make anything last longer. */
  #isWithin(seconds: number, instant: Date | null): boolean {
    return instant !== null && Math.abs(secondsBetween(instant, this.dependencies.clock.now())) < seconds;
  }

  #ask(url: string, publication: Publication<Keys>): Promise<void> {
    publication.asking ??= this.#read(url, publication).finally(() => {
      publication.asking = null;
    });
    return publication.asking;
  }

  async #read(url: string, publication: Publication<Keys>): Promise<void> {
    const { fetchJson, choose, clock } = this.dependencies;
    try {
      publication.keys = choose(await fetchJson(url));
      publication.readAt = clock.now();
      publication.failure = null;
    } catch (error) {
      if (isUnusableKeySet(error)) publication.keys = null;
      else if (!isFetchRefused(error)) throw error;
      publication.failure = error.message;
      publication.failedAt = clock.now();
    }
  }
}
