import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { encodeBase64url } from "./base64url";
import { deriveKey, sha256 } from "./derive-key";

const VERSION = 1;
const KEK_ID_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEK_ID_BYTES + NONCE_BYTES;

/** Which key-encryption key a box was sealed under and no secret given now derives it. */
export class SealedBoxError extends Error {
  override readonly name = "SealedBoxError";
}

interface KeyEncryptionKey {
  id: Buffer;
  key: Buffer;
}

export interface SealedBox {
  /** The id of the key-encryption key that `seal` takes, and those that `open` has. */
  readonly sealsUnder: string;
  opens(kekId: string): boolean;
  /** Seals under the first secret. `context` is authenticated with it and must be given again to open. */
  seal(plaintext: Uint8Array, context: string): Uint8Array<ArrayBuffer>;
  /** Throws `SealedBoxError` when truncated, altered, of another context, or sealed under an unknown secret. */
  open(box: Uint8Array, context: string): Buffer<ArrayBuffer>;
}

/**
 * AES-256-GCM under key-encryption keys derived from the application secrets.
 * A box is version (1 byte), KEK id (8), nonce (12), ciphertext, tag (16).
 */
export function createSealedBox(secrets: readonly string[]): SealedBox {
  const keks = secrets.map(toKeyEncryptionKey);
  const [current] = keks;
  if (current === undefined) throw new Error("A sealed box needs at least one application secret.");
  return {
    sealsUnder: nameOf(current),
    opens: (kekId) => keks.some((kek) => nameOf(kek) === kekId),
    seal: (plaintext, context) => seal(current, plaintext, context),
    open: (box, context) => {
      const kekId = Buffer.from(box.subarray(1, 1 + KEK_ID_BYTES));
      const kek = keks.find(({ id }) => id.equals(kekId));
      if (box[0] !== VERSION || box.length < HEADER_BYTES + TAG_BYTES)
        throw new SealedBoxError("not a sealed box");
      if (kek === undefined) {
        throw new SealedBoxError(`sealed under another application secret (${encodeBase64url(kekId)})`);
      }
      return open(kek, box, context);
    },
  };
}

/** Which key-encryption key a box says that it is sealed under. */
export const sealedUnder = (box: Uint8Array): string => encodeBase64url(box.subarray(1, 1 + KEK_ID_BYTES));

const nameOf = ({ id }: KeyEncryptionKey): string => encodeBase64url(id);

function toKeyEncryptionKey(secret: string): KeyEncryptionKey {
  const key = deriveKey(secret, "private-key-sealing");
  return { id: Buffer.from(sha256(key).subarray(0, KEK_ID_BYTES)), key };
}

function associatedData(kekId: Uint8Array, context: string): Buffer {
  return Buffer.concat([Buffer.from([VERSION]), kekId, Buffer.from(context)]);
}

function seal(kek: KeyEncryptionKey, plaintext: Uint8Array, context: string): Uint8Array<ArrayBuffer> {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", kek.key, nonce).setAAD(associatedData(kek.id, context));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return new Uint8Array(
    Buffer.concat([Buffer.from([VERSION]), kek.id, nonce, ciphertext, cipher.getAuthTag()]),
  );
}

function open(kek: KeyEncryptionKey, box: Uint8Array, context: string): Buffer<ArrayBuffer> {
  const nonce = box.subarray(1 + KEK_ID_BYTES, HEADER_BYTES);
  const ciphertext = box.subarray(HEADER_BYTES, box.length - TAG_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", kek.key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(associatedData(kek.id, context))
    .setAuthTag(box.subarray(box.length - TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    throw new SealedBoxError("altered, or sealed for something else");
  }
}
