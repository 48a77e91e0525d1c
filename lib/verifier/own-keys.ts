import { type CryptoKey, calculateJwkThumbprint, importJWK, type JWK } from "jose";
import { encodeBase64url } from "@/lib/crypto/base64url";
import type { VerificationKey } from "@/lib/keys/verification-key";
import type { DecryptionKey } from "@/lib/tokens/decrypt";
import type { TokenEncryption } from "@/lib/tokens/profiles";

/** Keys that this service has itself: nothing is fetched, and they never change. */
export class SecretKeys {
  readonly version = 1;
  readonly #keys: Promise<ReadonlyMap<string, VerificationKey>>;

  constructor(secrets: readonly string[]) {
    const imported = Promise.all(secrets.map(importSecret));
    this.#keys = imported.then((keys) => new Map(keys.map((key) => [key.kid, key])));
  }

  settle(): null {
    return null;
  }

  async ready(): Promise<void> {
    await this.#keys;
  }

  async findKey(kid: string): Promise<VerificationKey | null> {
    return (await this.#keys).get(kid) ?? null;
  }

  close(): void {}
}

/** The key is the text itself, as it was shown; its id is the RFC 7638 thumbprint. */
async function importSecret(secret: string): Promise<VerificationKey> {
  const jwk = { kty: "oct", k: encodeBase64url(Buffer.from(secret)) };
  const key = await crypto.subtle.importKey("jwk", jwk, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  return { kid: await calculateJwkThumbprint(jwk), algorithm: "HS256", key };
}

/** Rejects with a sentence when one of them is not a key. */
export const importDecryptionKeys = (
  jwks: readonly JWK[],
  { keyManagement }: TokenEncryption,
): Promise<DecryptionKey[]> =>
  Promise.all(
    jwks.map(async ({ kty = "", crv = "", x = "", y = "", d = "", kid }) => {
      const jwk: JWK = { kty, crv, x, y, d };
      try {
        const key = (await importJWK(jwk, keyManagement)) as CryptoKey;
        return { kid: kid ?? (await calculateJwkThumbprint(jwk)), curve: crv, key };
      } catch (cause) {
        throw new Error("One of decryptionKeys is not a key of the curve P-256.", { cause });
      }
    }),
  );
