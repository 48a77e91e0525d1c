import type { CryptoKey } from "jose";
import type { Algorithm } from "./algorithms";

export interface VerificationKey {
  kid: string;
  /** A key verifies this algorithm and no other (SECURITY.md J1). */
  algorithm: Algorithm;
  key: CryptoKey | Uint8Array;
}
