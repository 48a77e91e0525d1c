import { isAmong, learn, noDeniedTokens } from "./denied-tokens";
import { type FeedAnswer, readFeedAnswer } from "./feed-answer";
import { createRevocations, type IsDenied, type RevocableToken } from "./revocations";
import { openSource, type SourceOptions } from "./source";

export interface RevocationFeedOptions extends Pick<SourceOptions, "url" | "fetch" | "clock" | "onProblem"> {
  token: string;
  /** What is known is not believed when it is older: 1 to 300. */
  maxStalenessSeconds: number;
}

const MAX_BYTES = 32 * 1024 * 1024;
const MAX_WAIT_SECONDS = 25;
const MAX_QUESTION_SECONDS = 30;
const MIN_INTERVAL_SECONDS = 0.5;

export type RevocationFeed = ReturnType<typeof openRevocationFeed>;

/**
 * What is revoked, kept in memory from the issuer's feed. What is known is as new as the beginning of the question that
 * brought it; beyond `maxStalenessSeconds` the answer is `unknown`. Times are parts of that bound: a question waits for
 * a third of it and is given up after half of it, so that one which is lost leaves time for the next.
 */
export function openRevocationFeed({ token, maxStalenessSeconds, ...options }: RevocationFeedOptions) {
  const source = openSource({
    ...options,
    headers: { Authorization: `Bearer ${token}` },
    maxBytes: MAX_BYTES,
  });
  let denied = noDeniedTokens();
  let cursor: string | null = null;
  let lastReadAtMs = 0;
  /** For how long the question under way waits for news. */
  let waitSeconds = 0;

  const isStale = (): boolean => source.age() > maxStalenessSeconds;

  /** A revocation is never taken back, so one that is known counts whatever its age. */
  const isDenied = (held: RevocableToken): IsDenied => {
    if (isAmong(denied, held)) return true;
    if (!isStale()) return false;
    // The machine has slept, or its clock was set: a question that waits would be answered too late.
    if (waitSeconds > 0) source.giveUp();
    return "unknown";
  };

  const take = (answer: FeedAnswer): void => {
    if (!answer.isComplete && (cursor === null || answer.readAtMs < lastReadAtMs)) {
      // The issuer's clock was set back, or somebody plays with us: only all of it can be believed.
      cursor = null;
      throw new Error("out of order");
    }
    denied = learn(denied, answer, options.clock.now());
    cursor = answer.cursor;
    lastReadAtMs = answer.readAtMs;
  };

  const goOn = async (): Promise<void> => {
    const isGoingWell = source.failures === 0 && !isStale();
    waitSeconds = isGoingWell ? Math.min(MAX_WAIT_SECONDS, Math.floor(maxStalenessSeconds / 3)) : 0;
    const nonce = crypto.randomUUID();
    const since = cursor === null ? "" : `&since=${encodeURIComponent(cursor)}`;
    await source.ask(
      (document) => take(readFeedAnswer(document, nonce)),
      Math.min(MAX_QUESTION_SECONDS, maxStalenessSeconds / 2) * 1000,
      `?wait=${waitSeconds}&nonce=${nonce}${since}`,
    );
    if (!source.isClosed) setTimeout(goOn, pauseSeconds() * 1000).unref();
  };

  /** Until the next question: longer and longer while there is no answer, and not all services at once. */
  const pauseSeconds = (): number => {
    const most = maxStalenessSeconds / 4;
    if (source.failures === 0) return Math.min(MIN_INTERVAL_SECONDS, most) - source.sinceAsked();
    return Math.min(most, (maxStalenessSeconds / 80) * 2 ** source.failures) * (0.5 + Math.random() / 2);
  };

  void goOn();
  return createRevocations(isDenied, () => source.fault, source.close);
}
