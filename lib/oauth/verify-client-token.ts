import { verifyForAudience } from "@/lib/audiences/verify-for-audience";
import type { ServiceClaims } from "@/lib/tokens/claims";
import { parseCompactJws } from "@/lib/tokens/compact";
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
  const verification = await verify(deps, text);
  if (!verification.ok) return null;
  const { claims, kid } = verification;
  const isDenied = await deps.sessions.denylist.isDenied({ jti: claims.jti, sid: claims.sid, kid });
  return isDenied ? null : claims;
}

async function verify(deps: OAuthDependencies, text: string): Promise<Verification<ServiceClaims>> {
  const audience = userinfoAudience(deps.issuer);
  if (text.length > PROFILES.native.maxBytes) return { ok: false, reason: "too_large" };
  if (parseCompactJws(text)?.payload.aud !== audience) return verifyForAudience(deps.audiences, text);
  const { keyring } = deps.audiences.keys;
  const rules = {
    issuer: deps.issuer,
    audience,
    profile: PROFILES.native,
    clockToleranceSeconds: deps.clockToleranceSeconds,
    algorithms: new Set(PROFILES.native.algorithms),
    findKey: (kid: string) => keyring.findVerificationKey(kid),
  };
  return verifyToken(text, rules, deps.clock.now());
}
