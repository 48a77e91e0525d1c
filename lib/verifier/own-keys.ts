import { type CryptoKey, calculateJwkThumbprint, importJWK, type JWK } from "jose";
import { importSecretKey, type VerificationKey } from "@/lib/keys/verification-key";
import type { DecryptionKey } from "@/lib/tokens/decrypt";
import type { TokenEncryption } from "@/lib/tokens/service-profiles";

/** The key is the text itself, as it was shown; its id is the RFC 7638 thumbprint. */
export async function importSecret(secret: string): Promise<VerificationKey> {
  const bytes = Buffer.from(secret);
  const kid = await calculateJwkThumbprint({ kty: "oct", k: bytes.toString("base64url") });
  return { kid, algorithm: "HS256", key: await importSecretKey(bytes) };
}

/** Rejects when it is not a key. */
export async function importDecryptionKey(
  { kid, key_ops: _operations, ...jwk }: JWK,
  encryption: TokenEncryption | null,
): Promise<DecryptionKey> {
  const key = await importJWK(jwk, encryption?.keyManagement).catch(() => {
    throw new Error("One of decryptionKeys is not a key.");
  });
  return { kid: kid ?? (await calculateJwkThumbprint(jwk)), curve: String(jwk.crv), key: key as CryptoKey };
}
