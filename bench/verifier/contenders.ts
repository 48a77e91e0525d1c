import { createSecretKey } from "node:crypto";
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  exportPKCS8,
  exportSPKI,
  generateKeyPair,
  importPKCS8,
  type JWK,
  jwtVerify,
  SignJWT,
} from "jose";
import type { Algorithm } from "../../lib/keys/algorithms";
import { importSecretKey } from "../../lib/keys/verification-key";
import { createVerifier, type VerifierOptions } from "../../lib/verifier";

const ISSUER = "https://login.example.com";
const AUDIENCE = "orders";
const TOLERANCE_SECONDS = 10;
const SECRET = "b".repeat(43);

/** Verifies one token. What is not a promise needs no waiting. */
export type Verify = (token: string) => unknown;

export interface Contender {
  name: string;
  /** A new one, which remembers nothing. */
  open(): Promise<Verify>;
  close?(): void;
}

export interface Race {
  /** Tokens as they come in over the network, no two alike. */
  tokens: readonly Buffer[];
  bareJose: Contender;
  fastJwt: Contender;
  fastJwtCached: Contender;
  kit: Contender;
  kitWithFeed: Contender;
}

interface KeyPair {
  kid: string;
  signing: CryptoKey | Uint8Array;
  /** For jose, imported once. */
  verifying: CryptoKey;
  text: string;
  jwk: JWK;
}

interface FastJwt {
  createVerifier(options: object): Verify;
}

/** Of this folder's own packages, which the project's types do not know. */
const FAST_JWT: string = "fast-jwt";

export async function prepareRace(algorithm: Algorithm, count: number): Promise<Race> {
  const keys = await createKeys(algorithm);
  const { createVerifier: createFastVerifier } = (await import(FAST_JWT)) as FastJwt;
  const fast = (name: string, cache: number | false): Contender => ({
    name,
    open: async () =>
      createFastVerifier({
        key: keys.text,
        algorithms: [algorithm],
        allowedIss: ISSUER,
        allowedAud: AUDIENCE,
        requiredClaims: ["sub", "jti", "exp", "nbf", "iat"],
        checkTyp: "at+jwt",
        clockTolerance: TOLERANCE_SECONDS * 1000,
        cache,
      }),
  });
  return {
    tokens: await Promise.all(Array.from({ length: count }, (_, n) => createToken(keys, algorithm, n))),
    bareJose: { name: "jose", open: async () => openJose(keys, algorithm) },
    fastJwt: fast("fast-jwt", false),
    fastJwtCached: fast("fast-jwt, cached", count),
    kit: { name: "kit", open: () => openKit(keys, algorithm, "none") },
    kitWithFeed: {
      name: "kit, with the feed",
      open: () => openKit(keys, algorithm, { feed: { token: "feed" } }),
    },
  };
}

async function createKeys(algorithm: Algorithm): Promise<KeyPair> {
  if (algorithm === "HS256") {
    const bytes = Buffer.from(SECRET);
    const jwk = createSecretKey(bytes).export({ format: "jwk" }) as JWK;
    const verifying = await importSecretKey(bytes);
    return { kid: await calculateJwkThumbprint(jwk), signing: bytes, verifying, text: SECRET, jwk };
  }
  const pair = await generateKeyPair(algorithm, { extractable: true, modulusLength: 3072 });
  return {
    kid: "bench",
    signing: await importPKCS8(await exportPKCS8(pair.privateKey), algorithm),
    verifying: pair.publicKey,
    text: await exportSPKI(pair.publicKey),
    jwk: await exportJWK(pair.publicKey),
  };
}

async function createToken({ kid, signing }: KeyPair, alg: Algorithm, n: number): Promise<Buffer> {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    client_id: "latchkey",
    sid: `session-${n}-of-the-benchmark`,
    auth_time: now - 100,
    amr: ["pwd"],
  };
  const text = await new SignJWT({ ...claims, role: "user", scope: "read write" })
    .setProtectedHeader({ alg, typ: "at+jwt", kid })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject("8f9c1f5e-0c55-4a53-a6b5-6d5ef6b3a7b1")
    .setIssuedAt(now)
    .setNotBefore(now)
    .setExpirationTime(now + 900)
    .setJti(`token-${n}-of-the-benchmark`)
    .sign(signing);
  return Buffer.from(text);
}

function openJose({ verifying }: KeyPair, algorithm: Algorithm): Verify {
  const options = {
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: [algorithm],
    typ: "at+jwt",
    clockTolerance: TOLERANCE_SECONDS,
    requiredClaims: ["sub", "jti", "exp", "nbf", "iat"],
  };
  return (token) => jwtVerify(token, verifying, options);
}

async function openKit(
  { kid, jwk }: KeyPair,
  algorithm: Algorithm,
  revocation: VerifierOptions["revocation"],
): Promise<Verify> {
  const profile =
    algorithm === "HS256"
      ? { profile: "legacy" as const, secrets: [SECRET] }
      : { profile: "mesh" as const, algorithm };
  const verifier = createVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    revocation,
    clockToleranceSeconds: TOLERANCE_SECONDS,
    fetch: (url, init) => answer(new URL(String(url)), { ...jwk, kid }, init?.signal ?? null),
    ...profile,
  });
  await verifier.ready();
  return (token) => verifier.verify(token);
}

/** An issuer with one key, and nothing new to tell once it has told of what it revoked. */
async function answer(url: URL, jwk: JWK, signal: AbortSignal | null): Promise<Response> {
  if (url.pathname === "/.well-known/jwks.json") return Response.json({ keys: [jwk] });
  const isFirst = !url.searchParams.has("since");
  if (!isFirst) await untilAborted(signal);
  return Response.json({
    cursor: "1",
    readAt: new Date().toISOString(),
    complete: isFirst,
    revocations: Array.from({ length: 1_000 }, (_, n) => ["sid", `revoked-${n}`, 4_000_000_000]),
    nonce: url.searchParams.get("nonce"),
  });
}

const untilAborted = (signal: AbortSignal | null): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
