import type { CryptoKey } from "jose";
import type { Algorithm } from "./algorithms";

export interface VerificationKey {
  kid: string;
  /** A key verifies this algorithm and no other (SECURITY.md J1). */
  algorithm: Algorithm;
  /** Imported for just this algorithm, and for verifying. */
  key: CryptoKey;
}

/** A secret as the key that verifies what is signed with it by HS256, and does nothing else. */
export const importSecretKey = (secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
