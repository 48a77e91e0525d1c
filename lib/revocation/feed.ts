import { DENYLIST_POLL_MS } from "@/lib/config/durations";
import type { Clock } from "@/lib/crypto/clock";
import type { DenialKind, DenialReading, DenialStore } from "./denial";
import { earliestOf } from "./denial-cursor";
import { type FeedCursor, feedCursorAfter, formatFeedCursor, isNewsTo, parseFeedCursor } from "./feed-cursor";

/** What a service is told of the denials. */
export interface FeedAnswer {
  /** Where the next question goes on. Valid at every instance. */
  cursor: string;
  /** By the database's clock. */
  readAt: Date;
  /** Whether these are all there are, and replace what the reader has. */
  isComplete: boolean;
  revocations: Revocation[];
}

/** `exp` is a NumericDate, rounded up. */
type Revocation = [kind: DenialKind, value: string, exp: number];

interface Waiting {
  known: FeedCursor;
  /** Null: there was no news. */
  answer(answer: FeedAnswer | null): void;
}

/** More than these get an answer at once, and come back sooner. */
const MAX_WAITING = 1_000;

interface FeedParts {
  store: Pick<DenialStore, "readSince">;
  clock: Clock;
  pollMs?: number;
  maxWaiting?: number;
}

/**
 * The denials for services elsewhere, which keep them in memory. Those that wait for news share one look at the
 * database, and there is none while nobody waits.
 */
export class RevocationFeed {
  readonly #waiting = new Set<Waiting>();
  #polling: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #isLookDue = false;
  #isReleased = false;

  constructor(private readonly parts: FeedParts) {}

  /**
   * What the reader cannot have seen, and nothing with its own cursor when there is no such thing. Everything for null
   * and for a cursor that is none, is not of this database, or is ahead of it. Rejects when the database does not answer.
   */
  async read(since: string | null): Promise<FeedAnswer> {
    const known = since === null ? null : parseFeedCursor(since);
    const reading = await this.#readSince(known?.reached ?? null);
    return known === null || isNewsTo(known, reading) ? toAnswer(reading) : nothingNew(known, reading);
  }

  /** As `read`, and without news not before there is some or the time is over, as far as waiting is possible. */
  async wait(since: string | null, seconds: number, signal: AbortSignal): Promise<FeedAnswer> {
    const first = await this.read(since);
    const mayWait = seconds > 0 && !this.#isReleased && !signal.aborted;
    if (hasNews(first) || !mayWait || this.waiting >= this.#maxWaiting) return first;
    const known = parseFeedCursor(first.cursor);
    return (known && (await this.#nextNews(known, seconds, signal))) ?? first;
  }

  /** How many wait for news. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Looks at once: this process has just written a denial. */
  nudge(): void {
    if (this.waiting > 0) void this.#look();
  }

  /** Answers all that wait, and from now on everybody at once: the process is about to end. */
  release(): void {
    this.#isReleased = true;
    for (const { answer } of this.#waiting) answer(null);
  }

  #nextNews(known: FeedCursor, seconds: number, signal: AbortSignal): Promise<FeedAnswer | null> {
    return new Promise((resolve) => {
      const leave = () => answer(null);
      const timer = setTimeout(leave, seconds * 1000);
      const answer = (news: FeedAnswer | null) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", leave);
        this.#waiting.delete(waiting);
        this.#pollWhileSomebodyWaits();
        resolve(news);
      };
      const waiting = { known, answer };
      this.#waiting.add(waiting);
      signal.addEventListener("abort", leave);
      this.#pollWhileSomebodyWaits();
    });
  }

  #pollWhileSomebodyWaits(): void {
    if (this.waiting === 0 && this.#polling !== null) {
      clearInterval(this.#polling);
      this.#polling = null;
    } else if (this.waiting > 0) {
      this.#polling ??= setInterval(() => void this.#look(), this.parts.pollMs ?? DENYLIST_POLL_MS);
    }
  }

  /** One look at a time; one that is asked for meanwhile comes after it. Never rejects. */
  async #look(): Promise<void> {
    this.#isLookDue = true;
    this.#looking ??= this.#lookWhileDue().finally(() => {
      this.#looking = null;
    });
    await this.#looking;
  }

  async #lookWhileDue(): Promise<void> {
    while (this.#isLookDue && this.waiting > 0) {
      this.#isLookDue = false;
      // Whoever waits has read the database since it asked; its next question hears that it does not answer now.
      await this.#answerWaiting().catch(() => undefined);
    }
  }

  /** Those that have begun to wait during the read may have seen more than it: they are answered by the next one. */
  async #answerWaiting(): Promise<void> {
    const waiting = [...this.#waiting];
    const reading = await this.#readSince(earliestOf(waiting.map(({ known }) => known.reached)));
    const hearing = waiting.filter(({ known }) => isNewsTo(known, reading));
    if (hearing.length === 0) return;
    const news = toAnswer(reading);
    for (const { answer } of hearing) answer(news);
  }

  #readSince(cursor: FeedCursor["reached"] | null): Promise<DenialReading> {
    return this.parts.store.readSince(cursor, this.parts.clock.now());
  }

  get #maxWaiting(): number {
    return this.parts.maxWaiting ?? MAX_WAITING;
  }
}

/** Whether the reader knows more with this answer than before. */
export const hasNews = ({ isComplete, revocations }: FeedAnswer): boolean =>
  isComplete || revocations.length > 0;

const toAnswer = (reading: DenialReading): FeedAnswer => ({
  cursor: formatFeedCursor(feedCursorAfter(reading)),
  readAt: reading.cursor.readAt,
  isComplete: reading.isComplete,
  revocations: reading.denials.map(({ kind, value, expiresAt }) => [
    kind,
    value,
    Math.ceil(expiresAt.getTime() / 1000),
  ]),
});

const nothingNew = (known: FeedCursor, reading: DenialReading): FeedAnswer => ({
  cursor: formatFeedCursor(known),
  readAt: reading.cursor.readAt,
  isComplete: false,
  revocations: [],
});
