import type { Redis } from "@upstash/redis";
import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll } from "cockatiel";
import { REDIS_CIRCUIT_PAUSE_MS, REDIS_DEADLINE_MS } from "../config/durations";
import type { RedisConnection } from "../config/redis-connection";
import { withDeadline } from "./deadline";
import { openRest } from "./rest";
import { openTcp } from "./tcp";

export type { Redis } from "@upstash/redis";

/** Failures in a row after which Redis is left alone for a while. */
const FAILURES_TO_OPEN = 5;

/** Redis could not be asked: down, silent, too slow, left alone for now, or it answered with an error. */
export class RedisUnavailableError extends Error {
  override readonly name = "RedisUnavailableError";
}

export interface RedisLink {
  /**
   * What `work` answers. Rejects with `RedisUnavailableError`, whatever the reason; after the deadline, work that
   * goes on sends nothing more.
   */
  call<T>(work: (redis: Redis) => Promise<T>, deadlineMs?: number): Promise<T>;
  /** How often the connection was lost so far: whoever answers after that may be another Redis. Over REST always 0. */
  readonly lostConnections: number;
  /** Redis is being left alone, or one call is trying whether it is back. */
  readonly isCircuitOpen: boolean;
  /** Ends the connection, also one to a server that is silent. Calls made later reject. */
  close(): Promise<void>;
}

export interface RedisObserver {
  /** How long a call took that was let through, also one that failed. */
  observe(seconds: number): void;
}

/** Connects at the first call. */
export function openRedis(connection: RedisConnection, observer?: RedisObserver): RedisLink {
  const { redis, lostConnections, close } =
    connection.kind === "tcp" ? openTcp(connection.url) : openRest(connection.url, connection.token);
  const breaker = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
    halfOpenAfter: REDIS_CIRCUIT_PAUSE_MS,
  });
  let isClosed = false;

  async function attempt<T>(work: (redis: Redis) => Promise<T>, deadlineMs: number): Promise<T> {
    const start = performance.now();
    try {
      return await withDeadline(() => work(redis), deadlineMs);
    } finally {
      observer?.observe((performance.now() - start) / 1000);
    }
  }

  return {
    async call(work, deadlineMs = REDIS_DEADLINE_MS) {
      if (isClosed) throw new RedisUnavailableError("The connection to Redis is closed.");
      // Otherwise the breaker would let it wait for the call that tries.
      if (breaker.state === CircuitState.HalfOpen) throw new RedisUnavailableError("Redis is being tried.");
      try {
        return await breaker.execute(() => attempt(work, deadlineMs));
      } catch (cause) {
        throw new RedisUnavailableError(`Redis could not be asked: ${messageOf(cause)}`, { cause });
      }
    },
    get lostConnections() {
      return lostConnections();
    },
    get isCircuitOpen() {
      return breaker.state !== CircuitState.Closed;
    },
    async close() {
      isClosed = true;
      close();
    },
  };
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
