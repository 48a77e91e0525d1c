import type { Clock } from "@/lib/crypto/clock";
import { utf8 } from "@/lib/tokens/compact";

export interface SourceOptions {
  url: string;
  headers?: Record<string, string>;
  /** Of the body, after any decompression. */
  maxBytes: number;
  fetch: typeof fetch;
  clock: Clock;
  /** Hears once of what keeps it from being read, until it can be read again. */
  onProblem?: ((problem: string) => void) | undefined;
}

/**
 * A JSON document that the issuer tells, asked for again and again. Knows how old what was told last is, and what keeps
 * it from being read. A bad answer counts for nothing.
 */
export interface Source {
  /** Questions without a good answer since the last one that had one, or since whoever asks began to count anew. */
  failures: number;
  readonly isClosed: boolean;
  /** Why what it tells is not known. */
  readonly fault: Error;
  /** Seconds since the last question that has a good answer: what is known is as old as that. */
  age(): number;
  /** Seconds since the last question. */
  sinceAsked(): number;
  /**
   * One question at a time, without following redirects and past every cache that heeds the request. The answer is good
   * when it is there in time, all of it, and `take`, which trusts nothing of it, does not throw. Never rejects.
   */
  ask(take: (document: never) => void, timeoutMs: number, query?: string): Promise<void>;
  /** Has the question under way fail. */
  giveUp(): void;
  /** Lets go of a question that is under way; there is none after it. */
  close(): void;
}

const longAgo = (): number => Infinity;

export function openSource(options: SourceOptions): Source {
  const { url, headers = {}, maxBytes, fetch, clock, onProblem } = options;
  let problem = "not asked";
  let ending = new AbortController();

  const source = {
    failures: 0,
    isClosed: false,
    age: longAgo,
    sinceAsked: longAgo,
    get fault() {
      return new Error(`${url} cannot be read: ${problem}.`);
    },
    async ask(take: (document: never) => void, timeoutMs: number, query = ""): Promise<void> {
      if (source.isClosed) return;
      const sinceAsked = stopwatch(clock);
      source.sinceAsked = sinceAsked;
      ending = new AbortController();
      const timer = setTimeout(() => source.giveUp(`no answer within ${timeoutMs} ms`), timeoutMs);
      try {
        const response = await fetch(url + query, {
          headers,
          cache: "no-store",
          redirect: "error",
          signal: ending.signal,
        });
        take((await readJson(response, maxBytes)) as never);
        source.age = sinceAsked;
        source.failures = 0;
        problem = "";
      } catch (error) {
        fail(error);
      } finally {
        clearTimeout(timer);
        ending.abort();
      }
    },
    giveUp(reason = "it was too old") {
      ending.abort(new Error(reason));
    },
    close() {
      source.isClosed = true;
      problem = "closed";
      ending.abort();
    },
  };

  /** Of a fetch that failed, its cause says why. */
  const fail = (error: unknown): void => {
    if (source.isClosed) return;
    source.failures += 1;
    const { cause = error } = Object(error);
    const reason = String(cause?.message ?? cause);
    if (reason === problem) return;
    problem = reason;
    onProblem?.(source.fault.message);
  };

  return source;
}

/** Seconds from now on, by the clock that says more: one may stand still during sleep, the other may be set, either way. */
function stopwatch(clock: Clock): () => number {
  const startMs = performance.now();
  const start = clock.now().getTime();
  return () => Math.max(performance.now() - startMs, Math.abs(clock.now().getTime() - start)) / 1000;
}

async function readJson({ status, body }: Response, maxBytes: number): Promise<unknown> {
  if (status !== 200) throw new Error(`status ${status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Error(`larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(utf8.decode(Buffer.concat(chunks)));
}
