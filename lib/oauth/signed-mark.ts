import { createHmac, timingSafeEqual } from "node:crypto";
import { decodeBase64url, encodeBase64url } from "@/lib/crypto/base64url";
import { deriveKey } from "@/lib/crypto/derive-key";

/** Milliseconds since the epoch. */
const TIME_BYTES = 6;
const MAC_BYTES = 32;

/** What a mark says of its subject: since when a sign-in counts, or when a DPoP nonce was given out. */
export type MarkPurpose = "reauthenticate" | "dpop-nonce";

/**
 * Marks: base64url(time, MAC), 51 characters. Whoever carries one knows the time, which only we can have written, and
 * nothing of it is kept. The MAC is HMAC-SHA-256 over purpose, subject and time under a key derived from the application
 * secret.
 */
export class SignedMarks {
  readonly #keys: readonly Buffer[];

  /** The first secret makes marks, all of them check. */
  constructor(secrets: readonly string[]) {
    this.#keys = secrets.map((secret) => deriveKey(secret, "signed-mark"));
  }

  /** That this is so for the subject since now. */
  mark(purpose: MarkPurpose, subject: string, now: Date): string {
    const [key] = this.#keys;
    if (key === undefined) throw new Error("Marks need at least one application secret.");
    const time = Buffer.alloc(TIME_BYTES);
    time.writeUIntBE(now.getTime(), 0, TIME_BYTES);
    return encodeBase64url(Buffer.concat([time, mac(key, purpose, subject, time)]));
  }

  /** The time of a mark that we made for this purpose and subject, however long ago; or null. */
  readMark(purpose: MarkPurpose, subject: string, text: string): Date | null {
    const bytes = decodeBase64url(text);
    if (bytes === null || bytes.length !== TIME_BYTES + MAC_BYTES) return null;
    const time = bytes.subarray(0, TIME_BYTES);
    const presented = bytes.subarray(TIME_BYTES);
    const isOurs = this.#keys.some((key) => timingSafeEqual(mac(key, purpose, subject, time), presented));
    return isOurs ? new Date(time.readUIntBE(0, TIME_BYTES)) : null;
  }
}

/** As JSON, so that no subject runs into its purpose. */
function mac(key: Buffer, purpose: MarkPurpose, subject: string, time: Buffer): Buffer {
  return createHmac("sha256", key)
    .update(JSON.stringify([purpose, subject]))
    .update(time)
    .digest();
}
