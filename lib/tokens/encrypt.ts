import { CompactEncrypt, importJWK, type JWK } from "jose";
import type { TokenEncryption } from "./service-profiles";

/** The public key of whoever may read a token. */
export interface Recipient {
  kid: string;
  jwk: JWK;
}

/** A nested token (RFC 7519 appendix A.2): signed before, encrypted here to its recipient, never compressed. */
export async function encryptToken(
  signed: string,
  { kid, jwk }: Recipient,
  { keyManagement: alg, content: enc }: TokenEncryption,
): Promise<string> {
  return new CompactEncrypt(Buffer.from(signed))
    .setProtectedHeader({ alg, enc, kid, cty: "JWT" })
    .encrypt(await importJWK(jwk, alg));
}
