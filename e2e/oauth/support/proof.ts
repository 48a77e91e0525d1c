import { createHash, randomUUID } from "node:crypto";
import { exportJWK, type JWK, SignJWT } from "jose";

/** A key whose proofs a test makes by hand, to get them wrong. */
export interface Prover {
  pair: CryptoKeyPair;
  jwk: JWK;
}

export async function createProver(): Promise<Prover> {
  const pair = (await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
  return { pair, jwk: await exportJWK(pair.publicKey) };
}

export interface ProofParts {
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
  key?: CryptoKey | Uint8Array;
}

/** A DPoP proof (RFC 9449 section 4.2); a part of `undefined` is left out. */
export function prove(
  { pair, jwk }: Prover,
  method: string,
  url: string,
  { header = {}, claims = {}, key = pair.privateKey }: ProofParts = {},
): Promise<string> {
  const payload = {
    jti: randomUUID(),
    htm: method,
    htu: url,
    iat: Math.floor(Date.now() / 1000),
    ...claims,
  };
  return new SignJWT(payload).setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk, ...header }).sign(key);
}

/** The `ath` of a proof that goes with this access token. */
export const hashOf = (token: string): string => createHash("sha256").update(token).digest("base64url");
