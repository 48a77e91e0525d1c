import { createHash } from "node:crypto";
import { calculateJwkThumbprint, type JWK } from "jose";
import { createTestKey, NOW_SECONDS, signTexts, type TestKey } from "./test-issuer";

/** A client with a key of its own, as a program with DPoP is (RFC 9449). */
export interface TestProver {
  key: TestKey;
  jkt: string;
  /** A validly signed proof that differs from an honest one in exactly these members. */
  prove(changes?: { header?: object; payload?: object }): string;
}

export const PROVEN = { method: "GET", url: "https://api.example.com/orders" };

/** The `ath` of RFC 9449 section 4.2. */
export const hashOf = (accessToken: string): string =>
  createHash("sha256").update(accessToken).digest("base64url");

export const proofHeader = (jwk: JWK, changes: object = {}): object => ({
  typ: "dpop+jwt",
  alg: "ES256",
  jwk,
  ...changes,
});

/** A change to `undefined` leaves the claim out. */
export const proofClaims = (changes: object = {}): object => ({
  jti: "cHJvb2YtaWQtMTIzNDU2Nzg5",
  htm: PROVEN.method,
  htu: PROVEN.url,
  iat: NOW_SECONDS,
  ...changes,
});

export async function createTestProver(
  algorithm: "ES256" | "RS256" | "EdDSA" = "ES256",
): Promise<TestProver> {
  const key = await createTestKey("prover", algorithm);
  const header = (changes?: object) => proofHeader(key.publicJwk, { alg: algorithm, ...changes });
  return {
    key,
    jkt: await calculateJwkThumbprint(key.publicJwk),
    prove: (changes = {}) =>
      signTexts(key, JSON.stringify(header(changes.header)), JSON.stringify(proofClaims(changes.payload))),
  };
}
