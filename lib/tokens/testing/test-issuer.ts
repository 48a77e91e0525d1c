import { createHmac, createSecretKey, type KeyObject, randomBytes, sign } from "node:crypto";
import { type CryptoKey, importJWK, type JWK } from "jose";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { type Algorithm, isSymmetric } from "@/lib/keys/algorithms";
import { importSecretKey, type VerificationKey } from "@/lib/keys/verification-key";
import type { SessionClaims } from "../claims";
import { ownProfile } from "../profiles";
import { type VerificationRules, verifyToken } from "../verify";

export const ISSUER = "https://login.example.com";
export const NOW = new Date("2026-11-24T12:00:00Z");
export const NOW_SECONDS = NOW.getTime() / 1000;
export const TOLERANCE_SECONDS = 10;

export const base64url = (content: string | Uint8Array): string => Buffer.from(content).toString("base64url");

export interface TestKey {
  kid: string;
  publicJwk: JWK;
  publicKey: KeyObject;
  verificationKey: VerificationKey;
  /** The signature part over header and payload as they stand, whatever they say. */
  sign(signingInput: string): Uint8Array;
}

const GENERATORS: Record<Algorithm, () => { publicKey: KeyObject; privateKey: KeyObject }> = {
  ES256: () => newKeyPair("ec", { namedCurve: "P-256" }),
  RS256: () => newKeyPair("rsa", { modulusLength: 2048 }),
  EdDSA: () => newKeyPair("ed25519"),
  HS256: () => {
    const secret = createSecretKey(randomBytes(32));
    return { publicKey: secret, privateKey: secret };
  },
};

/** A key that Node itself makes and signs with, so that a forged text can be anything and still be validly signed. */
export async function createTestKey(kid: string, algorithm: Algorithm = "ES256"): Promise<TestKey> {
  const { publicKey, privateKey } = GENERATORS[algorithm]();
  const publicJwk = publicKey.export({ format: "jwk" }) as JWK;
  const key = isSymmetric(algorithm)
    ? await importSecretKey(publicKey.export())
    : ((await importJWK(publicJwk, algorithm)) as CryptoKey);
  return {
    kid,
    publicJwk,
    publicKey,
    verificationKey: { kid, algorithm, key },
    sign: (signingInput) => signBytes(algorithm, privateKey, Buffer.from(signingInput)),
  };
}

function signBytes(algorithm: Algorithm, key: KeyObject, data: Uint8Array): Uint8Array {
  if (algorithm === "HS256") return createHmac("sha256", key).update(data).digest();
  return sign(algorithm === "EdDSA" ? null : "sha256", data, { key, dsaEncoding: "ieee-p1363" });
}

/** Signs two JSON texts as they stand. */
export function signTexts(key: TestKey, header: string | Uint8Array, payload: string | Uint8Array): string {
  const signingInput = `${base64url(header)}.${base64url(payload)}`;
  return `${signingInput}.${base64url(key.sign(signingInput))}`;
}

export const header = (key: TestKey, changes: object = {}): object => ({
  alg: key.verificationKey.algorithm,
  typ: "at+jwt",
  kid: key.kid,
  ...changes,
});

/** What an access token in the middle of its life says. A change to `undefined` leaves the claim out. */
export const claims = (changes: object = {}): object => ({
  iss: ISSUER,
  aud: ISSUER,
  sub: "8f9c1f5e-0c55-4a53-a6b5-6d5ef6b3a7b1",
  client_id: "latchkey",
  exp: NOW_SECONDS + 300,
  nbf: NOW_SECONDS - 300,
  iat: NOW_SECONDS - 300,
  jti: "Zm9yZ2VkLXRva2VuLWlkIQ",
  sid: "c2Vzc2lvbi1pZC0xMjM0NQ",
  gen: 3,
  role: "user",
  auth_time: NOW_SECONDS - 4000,
  amr: ["pwd"],
  ...changes,
});

/** A validly signed token that differs from an honest one in exactly these members. */
export const forge = (key: TestKey, changes: { header?: object; payload?: object } = {}): string =>
  signTexts(key, JSON.stringify(header(key, changes.header)), JSON.stringify(claims(changes.payload)));

/** An ECDSA signature of P-256 in the other encoding, which JWS has not (RFC 7518 section 3.4). */
export function derOf(signature: Uint8Array): Buffer {
  const integer = (half: Uint8Array) => {
    const trimmed = Buffer.from(
      Buffer.from(half)
        .toString("hex")
        .replace(/^(00)+(?=..)/, ""),
      "hex",
    );
    const positive = (trimmed[0] ?? 0) > 127 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed;
    return Buffer.concat([Buffer.from([2, positive.length]), positive]);
  };
  const both = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))]);
  return Buffer.concat([Buffer.from([0x30, both.length]), both]);
}

/** Takes a token apart to put it together wrongly. */
export function partsOf(token: string): [header: string, payload: string, signature: string] {
  const [first = "", second = "", third = ""] = token.split(".");
  return [first, second, third];
}

export interface TestVerifier {
  rules: VerificationRules<SessionClaims>;
  /** Every `kid` that was asked for, in order. */
  lookups: string[];
  /** `accepted`, or the reason of the refusal. */
  verdict(text: string, now?: Date): Promise<string>;
}

export function createTestVerifier(
  keys: readonly TestKey[],
  changes: Partial<VerificationRules<SessionClaims>> = {},
): TestVerifier {
  const byKid = new Map(keys.map(({ kid, verificationKey }) => [kid, verificationKey]));
  const lookups: string[] = [];
  const rules: VerificationRules<SessionClaims> = {
    issuer: ISSUER,
    audience: ISSUER,
    profile: ownProfile("ES256", 600),
    clockToleranceSeconds: TOLERANCE_SECONDS,
    algorithms: new Set(["ES256"]),
    findKey: async (kid) => {
      lookups.push(kid);
      return byKid.get(kid) ?? null;
    },
    ...changes,
  };
  const verdict = async (text: string, now = NOW) => {
    const verification = await verifyToken(text, rules, now);
    return verification.ok ? "accepted" : verification.reason;
  };
  return { rules, lookups, verdict };
}
