import type { AuditLog } from "@/lib/audit/events";
import type { Clock } from "@/lib/crypto/clock";
import type { Metrics } from "@/lib/metrics/metrics";
import type { SessionDependencies } from "@/lib/sessions/dependencies";
import type { SessionStore } from "@/lib/sessions/session-store";
import type { PasswordHasher } from "./password-hasher";
import type { RateLimiter } from "./rate-limiter";
import type { OneTimeLinkStore, UserStore } from "./user-store";

/** The stores that change together when a person's credentials or rights change. */
export interface IdentityStores {
  users: UserStore;
  links: OneTimeLinkStore;
  sessions: SessionStore;
  audit: AuditLog;
}

/** What the use cases of this folder stand on. */
export interface IdentityDependencies extends IdentityStores {
  atomically<Result>(work: (stores: IdentityStores) => Promise<Result>): Promise<Result>;
  rateLimiter: RateLimiter;
  hasher: PasswordHasher;
  clock: Clock;
  metrics: Metrics;
  /** For starting and ending sessions. */
  sessionDependencies: SessionDependencies;
  signup: "invite" | "open";
  origin: string;
}
