import type { VerifierSettings } from "./read-options";
import { RevocationFeed } from "./revocation-feed";
import { SharedRedis } from "./shared-redis";

/** By each of these a token can be revoked before its time. */
export interface RevocableToken {
  jti: string;
  sid: string;
  kid: string;
}

/** What is known of revoked tokens. */
export interface Revocations {
  /** `unknown` when what is known is too old to be believed, or cannot be asked for. */
  isDenied(token: RevocableToken): boolean | "unknown" | Promise<boolean | "unknown">;
  /** Resolves when it can be asked; rejects with the reason when it cannot for now. */
  ready(): Promise<void>;
  close(): void;
}

const NONE: Revocations = { isDenied: () => false, ready: async () => undefined, close: () => undefined };

export function openRevocations({
  issuer,
  revocation,
  fetch,
  clock,
  onProblem,
}: VerifierSettings): Revocations {
  if (revocation === null) return NONE;
  if ("redis" in revocation) return new SharedRedis(revocation.redis);
  return new RevocationFeed({
    url: `${issuer}/api/revocations`,
    ...revocation.feed,
    fetch,
    clock,
    onProblem,
  });
}
