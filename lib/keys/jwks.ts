import type { JWK } from "jose";
import { encodeBase64url } from "@/lib/crypto/base64url";
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

function toPublicJwk(key: SigningKeyRecord): JWK {
  const members = PUBLIC_MEMBERS.flatMap((name) => {
    const value = key.publicJwk[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(members), kid: key.kid, use: "sig", alg: key.algorithm };
}
