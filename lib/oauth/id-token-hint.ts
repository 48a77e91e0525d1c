import { compactVerify } from "jose";
import { isSymmetric } from "@/lib/keys/algorithms";
import type { Keyring } from "@/lib/keys/keyring";
import { isIdentifier } from "@/lib/tokens/claims";
import { hasOnly, type JsonObject, parseCompactJws } from "@/lib/tokens/compact";
import { ID_TOKEN_TYPE } from "./id-token";

/** What an ID token that we issued says of whom it was issued about, and to whom. */
export interface IdTokenHint {
  sub: string;
  clientId: string;
  /**
   * False where its key has gone since: then anybody may have written it. So it counts for no more than what can only
   * restrict, and for a client's saying its name, which `client_id` does without a proof as well.
   */
  isProven: boolean;
}

const HEADER_MEMBERS = ["alg", "kid", "typ"];

/**
 * Reads an ID token of ours that a client shows to say whom it speaks of (OpenID Connect RP-Initiated Logout 1.0
 * section 2), or returns null for what is none. It may have expired long ago. It proves nothing of who shows it.
 */
export async function readIdTokenHint(
  text: string,
  issuer: string,
  keyring: Pick<Keyring, "findVerificationKey">,
): Promise<IdTokenHint | null> {
  const jws = parseCompactJws(text);
  if (jws === null || !hasOnly(jws.header, HEADER_MEMBERS)) return null;
  const { alg, kid, typ } = jws.header;
  if (typ !== ID_TOKEN_TYPE || !isIdentifier(kid)) return null;
  const hint = readClaims(jws.payload, issuer);
  const key = await keyring.findVerificationKey(kid as string);
  if (key === null) return hint && { ...hint, isProven: false };
  if (key.algorithm !== alg || isSymmetric(key.algorithm)) return null;
  const isSigned = await compactVerify(text, key.key, { algorithms: [key.algorithm] }).then(
    () => true,
    () => false,
  );
  return hint && isSigned ? { ...hint, isProven: true } : null;
}

function readClaims(
  { iss, sub, aud, sid }: JsonObject,
  issuer: string,
): Omit<IdTokenHint, "isProven"> | null {
  if (iss !== issuer || ![sub, aud, sid].every(isIdentifier)) return null;
  return { sub: sub as string, clientId: aud as string };
}
