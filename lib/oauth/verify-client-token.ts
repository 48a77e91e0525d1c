import { verifyForAudience } from "@/lib/audiences/verify-for-audience";
import type { ServiceClaims } from "@/lib/tokens/claims";
import { PROFILES } from "@/lib/tokens/profiles";
import { type Verification, type Verified, verifyToken } from "@/lib/tokens/verify";
import type { OAuthDependencies } from "./dependencies";
import { userinfoAudience } from "./userinfo-audience";

/**
 * The claims of an access token for whatever service, as long as it is neither expired nor taken back; null for anything
 * else. One that is encrypted is for its service alone. Rejects when the denylist cannot be asked.
 */
export async function findTokenClaims(
  deps: OAuthDependencies,
  text: string,
): Promise<Verified<ServiceClaims> | null> {
  const ofUserinfo = await findUserinfoClaims(deps, text);
  return ofUserinfo ?? unlessDenied(deps, await verifyForAudience(deps.audiences, text));
}

/** The same of one that may be shown to userinfo, and of no other (RFC 9068 section 4). */
export async function findUserinfoClaims(
  deps: OAuthDependencies,
  text: string,
): Promise<Verified<ServiceClaims> | null> {
  const { issuer, audiences, clockToleranceSeconds, clock } = deps;
  const { keyring } = audiences.keys;
  const rules = {
    issuer,
    audience: userinfoAudience(issuer),
    profile: PROFILES.native,
    clockToleranceSeconds,
    algorithms: new Set(PROFILES.native.algorithms),
    findKey: (kid: string) => keyring.findVerificationKey(kid),
  };
  return unlessDenied(deps, await verifyToken(text, rules, clock.now()));
}

async function unlessDenied(
  { sessions }: OAuthDependencies,
  verification: Verification<ServiceClaims>,
): Promise<Verified<ServiceClaims> | null> {
  if (!verification.ok) return null;
  const { claims, kid } = verification;
  const isDenied = await sessions.denylist.isDenied({ jti: claims.jti, sid: claims.sid, kid });
  return isDenied ? null : claims;
}
