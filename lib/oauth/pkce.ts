import { timingSafeEqual } from "node:crypto";
import { decodeBase64url } from "@/lib/crypto/base64url";
import { sha256 } from "@/lib/crypto/derive-key";

/** The one method (RFC 7636 section 4.2): `plain` gives the verifier away to whoever sees the request. */
export const CODE_CHALLENGE_METHOD = "S256";

const HASH_BYTES = 32;
/** RFC 7636 section 4.1: unreserved characters. */
const CODE_VERIFIER = /^[A-Za-z0-9\-._~]{43,128}$/;

/** Base64url of a SHA-256, in its one spelling: 43 characters. No verifier proves any other text. */
export const isCodeChallenge = (text: string): boolean => decodeBase64url(text)?.length === HASH_BYTES;

export const isCodeVerifier = (text: string): boolean => CODE_VERIFIER.test(text);

/** Whether the challenge was made of this verifier (RFC 7636 section 4.6), compared in constant time. */
export function provesChallenge(verifier: string, challenge: string): boolean {
  const expected = decodeBase64url(challenge);
  return (
    expected?.length === HASH_BYTES && isCodeVerifier(verifier) && timingSafeEqual(sha256(verifier), expected)
  );
}
