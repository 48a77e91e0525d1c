import { MAX_ACCESS_TOKEN_SECONDS } from "@/lib/config/durations";
import type { Algorithm } from "@/lib/keys/algorithms";
import {
  type ClaimRules,
  type CommonClaims,
  SERVICE_CLAIMS,
  type ServiceClaims,
  STRICT_SERVICE_CLAIMS,
} from "./claims";

/** How the content is encrypted to its recipient (RFC 7518 sections 4.6 and 5.3). */
export interface TokenEncryption {
  keyManagement: "ECDH-ES+A256KW";
  content: "A256GCM";
}

/** How tokens for one audience are checked. */
export interface VerificationProfile<Claims extends CommonClaims = ServiceClaims> {
  /** JOSE `typ`, compared after RFC 7515 section 4.1.9 (without `application/`, any case). */
  type: string;
  /** The first is the default. */
  algorithms: readonly Algorithm[];
  /** A token whose `exp - iat` is longer is refused. */
  maxLifetimeSeconds: number;
  /** Null: whoever carries the token can read it. */
  encryption: TokenEncryption | null;
  claims: ClaimRules<Claims>;
  /** What its verifier may be behind with revocations before it refuses everything. */
  revocationSeconds: number;
  maxBytes: number;
}

/** What all of them have unless they say otherwise. */
export const COMMON = {
  type: "at+jwt",
  maxLifetimeSeconds: MAX_ACCESS_TOKEN_SECONDS,
  encryption: null,
  claims: SERVICE_CLAIMS,
  revocationSeconds: 30,
  maxBytes: 4096,
} as const;

/** Of the services that verify tokens themselves, which need no other. */
export const SERVICE_PROFILES = {
  /** Services that verify by JWKS. */
  mesh: {
    ...COMMON,
    algorithms: ["ES256", "RS256", "EdDSA"],
  },
  /** Claims that nobody on the way may read: signed, then encrypted to the audience's own key. */
  "high-security": {
    ...COMMON,
    algorithms: ["ES256"],
    maxLifetimeSeconds: 300,
    encryption: { keyManagement: "ECDH-ES+A256KW", content: "A256GCM" },
    revocationSeconds: 5,
    maxBytes: 2 * COMMON.maxBytes,
  },
  /** Systems that only know shared secrets. */
  legacy: {
    ...COMMON,
    algorithms: ["HS256"],
    claims: STRICT_SERVICE_CLAIMS,
  },
} as const satisfies Record<string, VerificationProfile<CommonClaims & ServiceClaims>>;
