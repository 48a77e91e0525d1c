import type { ServiceClaims } from "@/lib/tokens/claims";
import { parseCompactJws } from "@/lib/tokens/compact";
import { PROFILES } from "@/lib/tokens/profiles";
import { type Verification, verifyToken } from "@/lib/tokens/verify";
import { identifierSchema } from "./audience-input";
import type { AudienceDependencies } from "./dependencies";

/**
 * Verifies a token for a service as the service does, whichever it is for: the service stands first of those that it may
 * be shown to. One that is still encrypted is `malformed` here: its service alone can read it. Does not ask the denylist.
 */
export async function verifyForAudience(
  { store, keys, issuer, clock, clockToleranceSeconds }: AudienceDependencies,
  text: string,
): Promise<Verification<ServiceClaims>> {
  const named = identifierSchema.safeParse([parseCompactJws(text)?.payload.aud].flat()[0]);
  const audience = named.success ? await store.find(named.data) : null;
  if (audience === null) return { ok: false, reason: "malformed" };
  const { identifier, profile: profileName, algorithm } = audience;
  // Of what is encrypted to the service, it may show the signed token that it has found within.
  const profile = { ...PROFILES[profileName], encryption: null };
  const secrets = profile.keySource === "audience" ? keys.keyring.findSecretKeys(identifier) : null;
  const findKey = async (kid: string) =>
    secrets === null
      ? keys.keyring.findVerificationKey(kid)
      : (secrets.find((secret) => secret.kid === kid) ?? null);
  const rules = { issuer, audience: identifier, profile, clockToleranceSeconds, findKey };
  return verifyToken(text, { ...rules, algorithms: new Set([algorithm]) }, clock.now());
}
