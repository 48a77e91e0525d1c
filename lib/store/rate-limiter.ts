import { RateLimiterPrisma, RateLimiterRes } from "rate-limiter-flexible";
import { encodeBase64url } from "@/lib/crypto/base64url";
import { sha256 } from "@/lib/crypto/derive-key";
import type { RateLimiter } from "@/lib/identity/rate-limiter";
import { RATE_LIMITS, type RateLimitName } from "@/lib/policy/rate-limits";
import type { Database } from "./client";

/** Counts in the database, so that every instance sees the same attempts. Keys are hashed: no address in clear. */
export function createRateLimiter(db: Database): RateLimiter {
  const limiters = new Map(
    Object.keys(RATE_LIMITS).map((name) => [name, createLimiter(db, name as RateLimitName)]),
  );
  const limiterOf = (name: RateLimitName): RateLimiterPrisma => {
    const limiter = limiters.get(name);
    if (limiter === undefined) throw new Error(`No such limit: ${name}`);
    return limiter;
  };
  return {
    spend: async (name, subject) => {
      try {
        await limiterOf(name).consume(keyOf(subject));
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
      await limiterOf(name).delete(keyOf(subject));
    },
    deleteExpired: async (now) => (await db.rateLimit.deleteMany({ where: { expire: { lte: now } } })).count,
  };
}

function createLimiter(db: Database, name: RateLimitName): RateLimiterPrisma {
  const { points, windowSeconds } = RATE_LIMITS[name];
  return new RateLimiterPrisma({
    storeClient: db,
    tableName: "rateLimit",
    keyPrefix: name,
    points,
    duration: windowSeconds,
    inMemoryBlockOnConsumed: points + 1,
    clearExpiredByTimeout: false,
  });
}

const keyOf = (subject: string): string => encodeBase64url(sha256(subject));
