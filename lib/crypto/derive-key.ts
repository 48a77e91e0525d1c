import { createHash, hkdfSync } from "node:crypto";

const KEY_BYTES = 32;

/** What a key derived from the application secret is for. Each purpose gets a key of its own. */
export type KeyPurpose = "refresh-token-mac" | "private-key-sealing" | "server-actions" | "signed-mark";

/** HKDF-SHA-256 (RFC 5869): a 256-bit key for one purpose from one application secret. */
export function deriveKey(secret: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", `latchkey ${purpose} v1`, KEY_BYTES));
}

export const sha256 = (data: string | Uint8Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash("sha256").update(data).digest());
