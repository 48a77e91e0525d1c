import { type CryptoKey, calculateJwkThumbprint, importJWK, type JWK } from "jose";
import { importSecretKey, type VerificationKey } from "@/lib/keys/verification-key";
import type { DecryptionKey } from "@/lib/tokens/decrypt";

/** The key is the text itself, as it was shown; its id is the RFC 7638 thumbprint. */
export async function importSecret(secret: string): Promise<VerificationKey> {
  const bytes = Buffer.from(secret);
  const kid = await calculateJwkThumbprint({ kty: "oct", k: bytes.toString("base64url") });
  return { kid, algorithm: "HS256", key: await importSecretKey(bytes) };
}

/**
 * By its own name and by its thumbprint, which Latchkey calls it by where the public half was given without a `kid`.
 * Rejects when it is not a key.
 */
export async function importDecryptionKey({
  kid,
  key_ops: _operations,
  ...jwk
}: JWK): Promise<DecryptionKey[]> {
  // It is a key for ECDH, whatever else its `alg` may say; which algorithms a token may have is checked with each.
  const key = await importJWK(jwk, "ECDH-ES").catch(() => {
    throw new Error("One of decryptionKeys is no key.");
  });
  const thumbprint = await calculateJwkThumbprint(jwk);
  const names = [kid ?? thumbprint, thumbprint];
  return names.map((name) => ({ kid: name, curve: String(jwk.crv), key: key as CryptoKey }));
}
