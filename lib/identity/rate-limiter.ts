import { LatchkeyError } from "@/lib/errors/latchkey-error";
import type { RateLimitName } from "@/lib/policy/rate-limits";

export interface Refusal {
  retryAfterSeconds: number;
  /** The first refusal of its window; the others only repeat it. */
  isFirst: boolean;
}

/** Counts attempts against the limits of `lib/policy/rate-limits.ts`. */
export interface RateLimiter {
  /** Counts one attempt. Null when it is within the limit. */
  spend(limit: RateLimitName, subject: string): Promise<Refusal | null>;
  /** Forgets the attempts of a subject. */
  forgive(limit: RateLimitName, subject: string): Promise<void>;
}

/** Counts one attempt. Throws `rate_limited` when it is beyond the limit. */
export async function requireAttempt(
  rateLimiter: RateLimiter,
  limit: RateLimitName,
  subject: string,
): Promise<void> {
  const refusal = await rateLimiter.spend(limit, subject);
  if (refusal === null) return;
  throw new LatchkeyError("rate_limited", { retryAfterSeconds: refusal.retryAfterSeconds });
}
