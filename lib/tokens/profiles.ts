import { type Algorithm, isSymmetric } from "@/lib/keys/algorithms";
import {
  type ClaimRules,
  COMMON_CLAIMS,
  type CommonClaims,
  PERSON_CLAIMS,
  type ServiceClaims,
  type SessionClaims,
} from "./claims";
import { COMMON, type Profile, SERVICE_PROFILES } from "./service-profiles";

export type { Profile, TokenEncryption } from "./service-profiles";

const SESSION_CLAIMS: ClaimRules<SessionClaims> = {
  required: [...COMMON_CLAIMS, ...PERSON_CLAIMS, "gen", "role"],
  optional: [],
  others: "refused",
};

export const PROFILES = {
  ...SERVICE_PROFILES,
  /** One application without an outside verifier: our own pages. */
  monolith: {
    ...COMMON,
    algorithms: ["HS256"],
    keySource: "unpublished",
    claims: SESSION_CLAIMS,
    revocationSeconds: 1,
  },
  /** Programs that people sign in to: for what Latchkey itself tells them, its userinfo. */
  native: {
    ...COMMON,
    algorithms: ["ES256", "RS256", "EdDSA"],
    keySource: "published",
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
