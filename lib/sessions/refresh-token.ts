import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { decodeBase64url, encodeBase64url } from "@/lib/crypto/base64url";
import { deriveKey, sha256 } from "@/lib/crypto/derive-key";

const SESSION_ID_BYTES = 16;
const GENERATION_BYTES = 4;
const SECRET_BYTES = 32;
const MAC_BYTES = 32;
const BODY_BYTES = SESSION_ID_BYTES + GENERATION_BYTES + SECRET_BYTES;
const TOKEN_BYTES = BODY_BYTES + MAC_BYTES;

/** What a refresh token names, and the secret of its session, of which the database has only the hash. */
export interface RefreshToken {
  sessionId: string;
  generation: number;
  secret: Buffer;
}

export const newSessionSecret = (): Buffer => randomBytes(SECRET_BYTES);

export const hashSessionSecret = (secret: Buffer): Uint8Array<ArrayBuffer> => sha256(secret);

/**
 * Refresh tokens: base64url(session id, generation, session secret, MAC), 112 characters.
 * The MAC is HMAC-SHA-256 under a key derived from the application secret. So the successor of a token is the same
 * bytes whoever asks for it, a forged one costs no query, and neither the database nor the application secret nor
 * both together can make one (docs/decisions/002).
 */
export class RefreshTokenCodec {
  readonly #keys: readonly Buffer[];

  /** The first secret makes tokens, all of them check. */
  constructor(secrets: readonly string[]) {
    this.#keys = secrets.map((secret) => deriveKey(secret, "refresh-token-mac"));
  }

  encode({ sessionId, generation, secret }: RefreshToken): string {
    const [key] = this.#keys;
    if (key === undefined) throw new Error("Refresh tokens need at least one application secret.");
    const body = Buffer.alloc(BODY_BYTES);
    body.write(sessionId, 0, "base64url");
    body.writeUInt32BE(generation, SESSION_ID_BYTES);
    secret.copy(body, SESSION_ID_BYTES + GENERATION_BYTES);
    return encodeBase64url(Buffer.concat([body, mac(key, body)]));
  }

  /** The content of a token that we made, or null. */
  verify(text: string): RefreshToken | null {
    const bytes = decodeBase64url(text);
    if (bytes === null || bytes.length !== TOKEN_BYTES) return null;
    const body = bytes.subarray(0, BODY_BYTES);
    const presented = bytes.subarray(BODY_BYTES);
    if (!this.#keys.some((key) => timingSafeEqual(mac(key, body), presented))) return null;
    return {
      sessionId: encodeBase64url(body.subarray(0, SESSION_ID_BYTES)),
      generation: body.readUInt32BE(SESSION_ID_BYTES),
      secret: Buffer.from(body.subarray(SESSION_ID_BYTES + GENERATION_BYTES)),
    };
  }
}

function mac(key: Buffer, body: Buffer): Buffer {
  return createHmac("sha256", key).update(body).digest();
}
