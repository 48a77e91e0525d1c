import type { JWK } from "jose";
import { JWKS_MAX_AGE_SECONDS } from "@/lib/config/durations";
import { encodeBase64url } from "@/lib/crypto/base64url";
import { secondsBetween } from "@/lib/crypto/clock";
import { sha256 } from "@/lib/crypto/derive-key";
import { isPublished, type SigningKeyRecord } from "./signing-key";

/** The members of a public key by type (RFC 7518 section 6, RFC 8037 section 2). Nothing else is copied. */
const PUBLIC_MEMBERS = ["kty", "crv", "x", "y", "n", "e"] as const;

export interface JwksDocument {
  body: string;
  etag: string;
}

/** The JWK Set (RFC 7517 section 5) of the keys that verify, public members only. */
export function jwksDocument(keys: readonly SigningKeyRecord[]): JwksDocument {
  const published = keys.filter(isPublished).map(toPublicJwk);
  const body = JSON.stringify({ keys: published });
  return { body, etag: `"${encodeBase64url(sha256(body)).slice(0, 22)}"` };
}

/** How long the document may be cached, in whole seconds: never past the next change of it that is foreseen. */
export function jwksMaxAgeSeconds(nextChange: Date | null, now: Date): number {
  const untilChange = nextChange === null ? Number.POSITIVE_INFINITY : secondsBetween(now, nextChange);
  return Math.max(0, Math.min(JWKS_MAX_AGE_SECONDS, Math.floor(untilChange)));
}

const toPublicJwk = ({ publicJwk, kid, algorithm }: SigningKeyRecord): JWK => ({
  ...publicMembers(publicJwk),
  kid,
  use: "sig",
  alg: algorithm,
});

export function publicMembers(jwk: JWK): JWK {
  const members = PUBLIC_MEMBERS.flatMap((name) => {
    const value = jwk[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(members);
}
