import type { RateLimitName } from "@/lib/policy/rate-limits";

/** Counts attempts against the limits of `lib/policy/rate-limits.ts`. */
export interface RateLimiter {
  /** Counts one attempt. Null when it is within the limit; otherwise how long to wait. */
  spend(limit: RateLimitName, subject: string): Promise<{ retryAfterSeconds: number } | null>;
  /** Forgets the attempts of a subject. */
  forgive(limit: RateLimitName, subject: string): Promise<void>;
}
