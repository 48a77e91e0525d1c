import type { Audience } from "@/lib/audiences/audience";
import { PROFILES } from "@/lib/tokens/profiles";

/** What the fields of an audience's settings hold, as far as its profile has them. */
export function shownText({ profile, lifetimeSeconds, scope, encryptionKey, jwksUri }: Audience) {
  const jwk = encryptionKey && JSON.stringify({ ...encryptionKey.jwk, kid: encryptionKey.kid }, null, 2);
  return {
    lifetimeSeconds: String(lifetimeSeconds),
    scope,
    ...(PROFILES[profile].encryption === null ? {} : { encryptionJwk: jwk, jwksUri }),
  };
}
