import {
  createCipheriv,
  createHash,
  createHmac,
  diffieHellman,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import type { JWK } from "jose";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { base64url } from "./test-issuer";

export interface TestRecipient {
  kid: string;
  publicKey: KeyObject;
  privateJwk: JWK;
}

export function createTestRecipient(kid: string): TestRecipient {
  const { publicKey, privateKey } = newKeyPair("ec", { namedCurve: "P-256" });
  return { kid, publicKey, privateJwk: { ...(privateKey.export({ format: "jwk" }) as JWK), kid } };
}

type Json = Record<string, unknown>;

/** Bytes of the content encryption key (RFC 7518 section 5.1). */
const CONTENT_KEY_BYTES: Record<string, number> = {
  A128GCM: 16,
  A192GCM: 24,
  A256GCM: 32,
  "A256CBC-HS512": 64,
};
/** Bytes of the key that wraps it (RFC 7518 section 4.6); direct agreement has none. */
const WRAPPING_KEY_BYTES: Record<string, number> = {
  "ECDH-ES+A128KW": 16,
  "ECDH-ES+A192KW": 24,
  "ECDH-ES+A256KW": 32,
};

/**
 * A compact JWE (RFC 7516 section 7.1) that Node itself makes: whatever the header says besides, its tag is right and
 * its recipient can open it. A change to `undefined` leaves the member out.
 */
export function sealJwe(
  content: string | Uint8Array,
  { kid, publicKey }: TestRecipient,
  changes: Json = {},
): string {
  const ephemeral = newKeyPair("ec", { namedCurve: "P-256" });
  const epk = ephemeral.publicKey.export({ format: "jwk" });
  const header: Json = { alg: "ECDH-ES+A256KW", enc: "A256GCM", kid, cty: "JWT", epk, ...changes };
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey });
  const { key, wrapped } = contentKey(header, shared);
  const protectedHeader = base64url(JSON.stringify(header));
  return [protectedHeader, base64url(wrapped), ...encrypt(content, key, protectedHeader, header.enc)].join(
    ".",
  );
}

function contentKey(header: Json, shared: Uint8Array): { key: Uint8Array; wrapped: Uint8Array } {
  const { alg, enc, apu, apv } = header;
  const bytes = CONTENT_KEY_BYTES[String(enc)] ?? 32;
  if (alg === "ECDH-ES") return { key: concatKdf(shared, enc, bytes, apu, apv), wrapped: Buffer.alloc(0) };
  const key = randomBytes(bytes);
  const wrappingBytes = WRAPPING_KEY_BYTES[String(alg)] ?? 32;
  return { key, wrapped: wrapKey(key, concatKdf(shared, alg, wrappingBytes, apu, apv)) };
}

/** RFC 7518 section 4.6.2; at most 64 bytes. */
function concatKdf(shared: Uint8Array, name: unknown, bytes: number, apu: unknown, apv: unknown): Buffer {
  const uint32 = (value: number) => {
    const text = Buffer.alloc(4);
    text.writeUInt32BE(value);
    return text;
  };
  const withLength = (data: Buffer) => Buffer.concat([uint32(data.length), data]);
  const party = (info: unknown) => Buffer.from(typeof info === "string" ? info : "", "base64url");
  const otherInfo = [Buffer.from(String(name)), party(apu), party(apv)].map(withLength);
  const round = (counter: number) =>
    createHash("sha256")
      .update(Buffer.concat([uint32(counter), shared, ...otherInfo, uint32(bytes * 8)]))
      .digest();
  return Buffer.concat([round(1), round(2)]).subarray(0, bytes);
}

/** RFC 3394. */
function wrapKey(key: Uint8Array, wrappingKey: Uint8Array): Buffer {
  const cipher = createCipheriv(`aes${wrappingKey.length * 8}-wrap`, wrappingKey, Buffer.alloc(8, 0xa6));
  return Buffer.concat([cipher.update(key), cipher.final()]);
}

/** Initialization vector, ciphertext and tag, each encoded. */
function encrypt(content: string | Uint8Array, key: Uint8Array, header: string, enc: unknown): string[] {
  const authenticated = Buffer.from(header);
  if (enc === "A256CBC-HS512") return encryptThenMac(content, key, authenticated);
  const iv = randomBytes(12);
  const cipher = createCipheriv(`aes-${key.length * 8}-gcm` as "aes-256-gcm", key, iv).setAAD(authenticated);
  const ciphertext = Buffer.concat([cipher.update(content), cipher.final()]);
  return [iv, ciphertext, cipher.getAuthTag()].map(base64url);
}

/** RFC 7518 section 5.2.2. */
function encryptThenMac(content: string | Uint8Array, key: Uint8Array, authenticated: Buffer): string[] {
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-256-cbc", key.subarray(32), iv);
  const ciphertext = Buffer.concat([cipher.update(content), cipher.final()]);
  const bits = Buffer.alloc(8);
  bits.writeBigUInt64BE(BigInt(authenticated.length * 8));
  const mac = createHmac("sha512", key.subarray(0, 32)).update(
    Buffer.concat([authenticated, iv, ciphertext, bits]),
  );
  return [iv, ciphertext, mac.digest().subarray(0, 32)].map(base64url);
}
