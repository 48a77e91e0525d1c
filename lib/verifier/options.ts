import type { JWK } from "jose";
import type { Clock } from "@/lib/crypto/clock";
import type { ProofFault } from "@/lib/tokens/dpop-proof";
import type { RejectionReason } from "@/lib/tokens/verify";
import type { Scheme } from "./scheme";

/** Services that verify by JWKS: the issuer's public keys are fetched from where it publishes them. */
export interface MeshOptions {
  profile: "mesh";
  /** As the audience was created with; `ES256` by default. */
  algorithm?: "ES256" | "RS256" | "EdDSA";
  jwks?: JwksOptions;
}

/** Tokens that only this service can read. */
export interface HighSecurityOptions {
  profile: "high-security";
  /** This service's own private keys (EC, P-256); two while the former one is being replaced. */
  decryptionKeys: JWK[];
  jwks?: JwksOptions;
}

/** A secret that this service shares with the issuer. */
export interface LegacyOptions {
  profile: "legacy";
  /** As they were shown; two while the former one is being replaced. */
  secrets: string[];
}

/** How the issuer's public keys are fetched and kept. */
export interface JwksOptions {
  /** By default `/.well-known/jwks.json` at the issuer. Plain http only on loopback. */
  url?: string;
  /**
   * A key that the issuer has dropped is out of use after this long while the issuer answers; where it did not, at the
   * latest two cool-downs after it was last asked in vain. 300 by default.
   */
  ttlSeconds?: number;
  /** Unknown key ids have the keys fetched at most once in this time; 30 by default. */
  cooldownSeconds?: number;
  /** While the issuer does not answer, keys are used until they are this old; 3600 by default. */
  maxStaleSeconds?: number;
}

/** Redis as Latchkey's own instances share it. */
export interface SharedRedisClient {
  mget(...keys: string[]): Promise<(string | null)[]>;
}

/** How it is learned that a token was revoked before its time. */
export type RevocationOptions =
  | {
      feed: {
        /** The feed token of this audience. Beyond 32 MiB of revocations, every token is refused. */
        token: string;
        /** Without news for longer, every token is refused: 1 to 300; by default 30, and 5 for `high-security`. */
        maxStalenessSeconds?: number;
      };
    }
  | { redis: SharedRedisClient }
  /** A token is accepted until it expires, whatever became of its session. */
  | "none";

export type VerifierOptions = {
  /** The origin of Latchkey, which is the `iss` of its tokens. Plain http only on loopback. */
  issuer: string;
  /** The identifier of this service, which is the `aud` of its tokens. */
  audience: string;
  revocation: RevocationOptions;
  /** What `dpop` of `@latchkey/verifier/dpop` returns. Without it a token that is bound to a key is refused. */
  dpop?: Scheme;
  /** By how much clocks may differ: 0 to 30, 10 by default. */
  clockToleranceSeconds?: number;
  /** Hears why each token was refused. For logs and metrics; the caller is not told. */
  onRejected?: (reason: Rejection) => void;
  /** Hears, once until it is over, of what keeps keys or revocations from being fetched; a sentence for the log. */
  onProblem?: (problem: string) => void;
  fetch?: typeof fetch;
  clock?: Clock;
} & (MeshOptions | HighSecurityOptions | LegacyOptions);

export type Rejection =
  | RejectionReason
  /** Bound to a key and sent as it should not be, or bound to another, or to none. */
  | "binding"
  | `proof_${ProofFault | "used"}`
  | "keys_unavailable"
  | "revocations_unavailable"
  | "proofs_unavailable";
