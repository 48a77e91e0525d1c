import { compactVerify } from "jose";
import { isSymmetric } from "@/lib/keys/algorithms";
import type { Keyring } from "@/lib/keys/keyring";
import { isIdentifier } from "@/lib/tokens/claims";
import { hasOnly, type JsonObject, parseCompactJws } from "@/lib/tokens/compact";
import { ID_TOKEN_TYPE } from "./id-token";

/** What an ID token that we issued says of whom it was issued about, and to whom. */
export interface IdTokenHint {
  sub: string;
  sid: string;
  clientId: string;
}

const HEADER_MEMBERS = ["alg", "kid", "typ"];

/**
 * Verifies an ID token of ours that a client shows to say whom it speaks of (OpenID Connect RP-Initiated Logout 1.0
 * section 2), or returns null for what is none. It may have expired long ago; where its key has gone
 * since, `unknown_key`. It proves nothing of who shows it.
 */
export async function verifyIdTokenHint(
  text: string,
  issuer: string,
  keyring: Pick<Keyring, "findVerificationKey">,
): Promise<IdTokenHint | "unknown_key" | null> {
  const jws = parseCompactJws(text);
  if (jws === null || !hasOnly(jws.header, HEADER_MEMBERS)) return null;
  const { alg, kid, typ } = jws.header;
  if (typ !== ID_TOKEN_TYPE || !isIdentifier(kid)) return null;
  const key = await keyring.findVerificationKey(kid as string);
  if (key === null) return "unknown_key";
  if (key.algorithm !== alg || isSymmetric(key.algorithm)) return null;
  const isSigned = await compactVerify(text, key.key, { algorithms: [key.algorithm] }).then(
    () => true,
    () => false,
  );
  return isSigned ? readHint(jws.payload, issuer) : null;
}

/**
 * What an ID token says whose key has gone, or null for what is none of this issuer's. Anybody may have written it: only for
 * what it can do no more than restrict, and for a client to say its name, which `client_id` does without proof too.
 */
export function readUnverifiedIdTokenHint(text: string, issuer: string): IdTokenHint | null {
  const jws = parseCompactJws(text);
  return jws && readHint(jws.payload, issuer);
}

function readHint({ iss, sub, aud, sid }: JsonObject, issuer: string): IdTokenHint | null {
  if (iss !== issuer || ![sub, aud, sid].every(isIdentifier)) return null;
  return { sub: sub as string, sid: sid as string, clientId: aud as string };
}
