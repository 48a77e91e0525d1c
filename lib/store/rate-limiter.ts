import { ConsecutiveBreaker, circuitBreaker, handleWhen } from "cockatiel";
import { RateLimiterMemory, RateLimiterPrisma, RateLimiterRes } from "rate-limiter-flexible";
import { encodeBase64url } from "@/lib/crypto/base64url";
import { sha256 } from "@/lib/crypto/derive-key";
import type { RateLimiter } from "@/lib/identity/rate-limiter";
import { RATE_LIMITS, type RateLimitName } from "@/lib/policy/rate-limits";
import type { PrismaClient } from "./generated/client";

/** After one failure the table is left alone for so long, and this process counts by itself. */
const TABLE_PAUSE_MS = 5_000;

/**
 * Counts in the database, so that every instance sees the same attempts; in this process while the table cannot be
 * used, so that nobody's sign-in waits for it. Keys are hashed: no address in clear.
 * `client` should have connections of its own and little patience.
 */
export function createRateLimiter(client: PrismaClient): RateLimiter {
  const breaker = circuitBreaker(
    handleWhen((error) => !(error instanceof RateLimiterRes)),
    { breaker: new ConsecutiveBreaker(1), halfOpenAfter: TABLE_PAUSE_MS },
  );
  const limiters = new Map(
    Object.keys(RATE_LIMITS).map((name) => [name, createLimiters(client, name as RateLimitName)]),
  );
  const limitersOf = (name: RateLimitName): Limiters => {
    const found = limiters.get(name);
    if (found === undefined) throw new Error(`No such limit: ${name}`);
    return found;
  };

  async function consume(name: RateLimitName, key: string): Promise<void> {
    const { shared, own } = limitersOf(name);
    try {
      await breaker.execute(() => shared.consume(key));
    } catch (reason) {
      if (reason instanceof RateLimiterRes) throw reason;
      await own.consume(key);
    }
  }

  return {
    spend: async (name, subject) => {
      try {
        await consume(name, keyOf(subject));
        return null;
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        return {
          retryAfterSeconds: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)),
          isFirst: refusal.consumedPoints === RATE_LIMITS[name].points + 1,
        };
      }
    },
    forgive: async (name, subject) => {
      const { shared, own } = limitersOf(name);
      await own.delete(keyOf(subject));
      await breaker.execute(() => shared.delete(keyOf(subject))).catch(() => undefined);
    },
  };
}

interface Limiters {
  shared: RateLimiterPrisma;
  own: RateLimiterMemory;
}

function createLimiters(client: PrismaClient, name: RateLimitName): Limiters {
  const { points, windowSeconds } = RATE_LIMITS[name];
  const options = { keyPrefix: name, points, duration: windowSeconds };
  return {
    shared: new RateLimiterPrisma({
      ...options,
      storeClient: client,
      tableName: "rateLimit",
      clearExpiredByTimeout: false,
    }),
    own: new RateLimiterMemory(options),
  };
}

const keyOf = (subject: string): string => encodeBase64url(sha256(subject));
