import { type Algorithm, isSymmetric } from "@/lib/keys/algorithms";
import {
  type ClaimRules,
  COMMON_CLAIMS,
  type CommonClaims,
  PERSON_CLAIMS,
  type ServiceClaims,
  type SessionClaims,
} from "./claims";
import { COMMON, SERVICE_PROFILES, type VerificationProfile } from "./service-profiles";

/** How tokens for one audience are made and checked. */
export interface Profile<Claims extends CommonClaims = ServiceClaims> extends VerificationProfile<Claims> {
  /** Whose keys sign: the issuer's, published or not, or a secret that the audience has alone. */
  keySource: "published" | "unpublished" | "audience";
  /** At most `maxLifetimeSeconds`; a setting may shorten it. */
  lifetimeSeconds: number;
}

const LIFETIME_SECONDS = 600;

const SESSION_CLAIMS: ClaimRules<SessionClaims> = {
  required: [...COMMON_CLAIMS, ...PERSON_CLAIMS, "gen", "role"],
  optional: [],
  others: "refused",
};

export const PROFILES = {
  mesh: { ...SERVICE_PROFILES.mesh, keySource: "published", lifetimeSeconds: LIFETIME_SECONDS },
  "high-security": {
    ...SERVICE_PROFILES["high-security"],
    keySource: "published",
    lifetimeSeconds: SERVICE_PROFILES["high-security"].maxLifetimeSeconds,
  },
  legacy: { ...SERVICE_PROFILES.legacy, keySource: "audience", lifetimeSeconds: LIFETIME_SECONDS },
  /** One application without an outside verifier: our own pages. */
  monolith: {
    ...COMMON,
    algorithms: ["HS256"],
    keySource: "unpublished",
    lifetimeSeconds: LIFETIME_SECONDS,
    claims: SESSION_CLAIMS,
    revocationSeconds: 1,
  },
  /** Programs that people sign in to: for what Latchkey itself tells them, its userinfo. */
  native: {
    ...COMMON,
    algorithms: ["ES256", "RS256", "EdDSA"],
    keySource: "published",
    lifetimeSeconds: LIFETIME_SECONDS,
    revocationSeconds: 1,
  },
} as const satisfies Record<string, Profile<CommonClaims & ServiceClaims> | Profile<SessionClaims>>;

export type ProfileName = keyof typeof PROFILES;

/** Of our own pages: `mesh`, or `monolith` where a secret signs. */
export const ownProfileName = (algorithm: Algorithm): "mesh" | "monolith" =>
  isSymmetric(algorithm) ? "monolith" : "mesh";

/** The same as it applies to their tokens, which are bound to a generation of their session. */
export const ownProfile = (algorithm: Algorithm, lifetimeSeconds: number): Profile<SessionClaims> => ({
  ...PROFILES[ownProfileName(algorithm)],
  claims: SESSION_CLAIMS,
  lifetimeSeconds,
});
