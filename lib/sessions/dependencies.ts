import type { LRUCache } from "lru-cache";
import type { AuditLog } from "@/lib/audit/events";
import type { Clock } from "@/lib/crypto/clock";
import type { Metrics } from "@/lib/metrics/metrics";
import type { Denylist } from "@/lib/revocation/denylist";
import type { SessionClaims } from "@/lib/tokens/claims";
import type { IssuedAccessToken, TokenSubject } from "@/lib/tokens/issue";
import type { Verification } from "@/lib/tokens/verify";
import type { RefreshTokenCodec } from "./refresh-token";
import type { SessionStore } from "./session-store";

/** What the use cases of this folder stand on. */
export interface SessionDependencies {
  store: SessionStore;
  audit: AuditLog;
  denylist: Denylist;
  clock: Clock;
  metrics: Metrics;
  refreshTokens: RefreshTokenCodec;
  verifyAccessToken(text: string): Promise<Verification<SessionClaims>>;
  /** Rejects while nothing can be signed: asked first, so that nothing is written for an answer that cannot be given. */
  requireSigner(): Promise<unknown>;
  issueAccessToken(subject: TokenSubject, now: Date): Promise<IssuedAccessToken>;
  /** Session id -> newest generation this process knows to be acknowledged; saves writes, decides nothing. */
  acknowledged: LRUCache<string, number>;
  /** Address and reason of forged tokens reported lately: a flood of forgeries is one event, not a flood of writes. */
  reportedRejections: LRUCache<string, true>;
  limits: {
    idleSeconds: number;
    maxSeconds: number;
  };
}
