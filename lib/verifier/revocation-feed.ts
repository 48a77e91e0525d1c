import type { Clock } from "@/lib/crypto/clock";
import { DeniedTokens } from "./denied-tokens";
import { type FeedAnswer, readFeedAnswer } from "./feed-answer";
import { fetchDocument, reasonOf, UnexpectedStatusError } from "./fetch-document";
import type { RevocableToken, Revocations } from "./revocations";

export interface RevocationFeedOptions {
  url: string;
  token: string;
  /** What is known is not believed when it is older: 1 to 300. */
  maxStalenessSeconds: number;
  fetch: typeof fetch;
  clock: Clock;
  /** Never goes back; may stand still while the machine sleeps. In milliseconds. */
  monotonic?: () => number;
  /** Hears once of what keeps the feed from being read, until it can be read again. */
  onProblem?: (problem: string) => void;
}

/** A moment by both clocks. */
interface Moment {
  wallMs: number;
  monotonicMs: number;
}

const MAX_BYTES = 32 * 1024 * 1024;
const MAX_WAIT_SECONDS = 25;
const MAX_SLACK_MS = 5_000;
const MAX_LOADING_MS = 15_000;
const MAX_REFUSED_PAUSE_MS = 30_000;
const MIN_INTERVAL_MS = 500;
const FORGET_MS = 60_000;
const READY_MS = 10_000;

/**
 * What is revoked, kept in memory from the issuer's feed. What is known is as new as the beginning of the request that
 * brought it; beyond `maxStalenessSeconds` the answer is `unknown`. Times are parts of that bound: a question waits for
 * a third of it, so that one which is lost leaves time for the next.
 */
export class RevocationFeed implements Revocations {
  readonly #denied = new DeniedTokens();
  readonly #boundMs: number;
  #cursor: string | null = null;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #knownSince: Moment = { wallMs: Number.NEGATIVE_INFINITY, monotonicMs: Number.NEGATIVE_INFINITY };
  #forgottenAtMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #problem = "nothing has been read yet";
  #reported: string | null = null;
  #isClosed = false;
  /** The question that is under way; `isHurried` once it was given up for one that is answered at once. */
  #asking: { waitSeconds: number; ending: AbortController; isHurried: boolean } | null = null;
  #endPause: () => void = () => undefined;
  readonly #becomingReady = new Set<{ resolve: () => void; reject: (error: Error) => void }>();

  constructor(private readonly options: RevocationFeedOptions) {
    this.#boundMs = options.maxStalenessSeconds * 1000;
    void this.#run();
  }

  /** A revocation is never taken back, so one that is known counts whatever its age. */
  isDenied(token: RevocableToken): boolean | "unknown" {
    if (this.#denied.has(token)) return true;
    if (!this.#isStale) return false;
    this.#hurry();
    return "unknown";
  }

  /** Its deadline alone keeps the process running: whoever waits for it is to hear the reason. */
  ready(): Promise<void> {
    if (!this.#isStale) return Promise.resolve();
    return new Promise<void>((resolve, reject) => {
      const settle = (conclude: () => void) => () => {
        clearTimeout(deadline);
        this.#becomingReady.delete(waiting);
        conclude();
      };
      const refuse = (error: Error) => settle(() => reject(error))();
      const deadline = setTimeout(() => refuse(this.#unavailable()), READY_MS);
      const waiting = { resolve: settle(resolve), reject: refuse };
      this.#becomingReady.add(waiting);
      if (this.#isClosed) refuse(this.#unavailable());
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#problem = "closed";
    this.#asking?.ending.abort();
    this.#endPause();
    for (const { reject } of this.#becomingReady) reject(this.#unavailable());
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) await this.#pause(await this.#ask());
  }

  /** One question and its answer. Resolves with the milliseconds until the next one; never rejects. */
  async #ask(): Promise<number> {
    const askedAt = this.#now();
    const isGoingWell = this.#cursor !== null && this.#failures === 0 && !this.#isStale;
    const asking = {
      waitSeconds: isGoingWell ? Math.min(MAX_WAIT_SECONDS, Math.floor(this.#boundMs / 3_000)) : 0,
      ending: new AbortController(),
      isHurried: false,
    };
    this.#asking = asking;
    try {
      this.#take(await this.#fetchAnswer(asking.waitSeconds, isGoingWell, asking.ending.signal), askedAt);
      const minIntervalMs = Math.min(MIN_INTERVAL_MS, this.#boundMs / 4);
      return Math.max(0, minIntervalMs - (this.#now().monotonicMs - askedAt.monotonicMs));
    } catch (error) {
      return asking.isHurried ? 0 : this.#fail(error);
    } finally {
      this.#asking = null;
    }
  }

  async #fetchAnswer(waitSeconds: number, isGoingWell: boolean, ending: AbortSignal): Promise<FeedAnswer> {
    const { url, token, fetch } = this.options;
    const nonce = crypto.randomUUID();
    const query = new URLSearchParams({ wait: String(waitSeconds), nonce });
    if (this.#cursor !== null) query.set("since", this.#cursor);
    const slackMs = Math.min(MAX_SLACK_MS, this.#boundMs / 4);
    // Everything may take its time, which is lost anyway.
    const loadingMs = Math.max(slackMs, Math.min(MAX_LOADING_MS, this.#boundMs / 2));
    const document = await fetchDocument(
      {
        url: `${url}?${query}`,
        headers: { Authorization: `Bearer ${token}` },
        fetch,
        etag: null,
        timeoutMs: waitSeconds * 1000 + (isGoingWell ? slackMs : loadingMs),
        maxBytes: MAX_BYTES,
      },
      ending,
    );
    return readFeedAnswer(document?.value, nonce);
  }

  #take(answer: FeedAnswer, askedAt: Moment): void {
    if (!answer.isComplete && this.#cursor === null) throw new Error("a part where everything was asked for");
    if (!answer.isComplete && answer.readAtMs < this.#readAtMs) {
      // The issuer's clock was set back, or somebody plays with us: only all of it can be believed.
      this.#cursor = null;
      throw new Error("an answer that is older than the one before");
    }
    this.#denied.learn(answer);
    this.#cursor = answer.cursor;
    this.#readAtMs = answer.readAtMs;
    this.#knownSince = askedAt;
    this.#failures = 0;
    this.#reported = null;
    this.#forgetExpired();
    if (!this.#isStale) for (const { resolve } of this.#becomingReady) resolve();
  }

  /** The pause until the next question. A token that is refused is not likely to be good again soon. */
  #fail(error: unknown): number {
    this.#failures += 1;
    const isRefused = error instanceof UnexpectedStatusError && [401, 403].includes(error.status);
    this.#problem = isRefused ? "it refuses the feed token" : reasonOf(error);
    this.#report();
    const growing = Math.min(this.#boundMs / 4, (this.#boundMs / 40) * 2 ** (this.#failures - 1));
    const pauseMs = isRefused ? Math.min(MAX_REFUSED_PAUSE_MS, this.#boundMs) : growing;
    return pauseMs * (0.5 + Math.random() / 2);
  }

  #report(): void {
    if (this.#isClosed || this.#reported === this.#problem) return;
    this.#reported = this.#problem;
    try {
      this.options.onProblem?.(this.#unavailable().message);
    } catch {
      // What a listener does with it is its own affair.
    }
  }

  /** After the machine has slept, or its clock was set, the question under way would be answered too late. */
  #hurry(): void {
    if (this.#asking === null || this.#asking.waitSeconds === 0) return;
    this.#asking.isHurried = true;
    this.#asking.ending.abort();
  }

  /** By the issuer's clock, so that a wrong one here forgets nothing too soon. */
  #forgetExpired(): void {
    if (Math.abs(this.#readAtMs - this.#forgottenAtMs) < FORGET_MS) return;
    this.#forgottenAtMs = this.#readAtMs;
    this.#denied.forgetExpired(this.#readAtMs / 1000);
  }

  /** By the clock that says more: one may stand still during sleep, the other may be set, either way. */
  get #isStale(): boolean {
    const now = this.#now();
    const { wallMs, monotonicMs } = this.#knownSince;
    return Math.max(now.monotonicMs - monotonicMs, Math.abs(now.wallMs - wallMs)) > this.#boundMs;
  }

  #now(): Moment {
    const { clock, monotonic } = this.options;
    return { wallMs: clock.now().getTime(), monotonicMs: monotonic?.() ?? performance.now() };
  }

  #pause(ms: number): Promise<void> {
    if (this.#isClosed || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      if (typeof timer === "object") timer.unref();
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #unavailable(): Error {
    return new Error(`The revocation feed at ${this.options.url} cannot be read: ${this.#problem}.`);
  }
}
