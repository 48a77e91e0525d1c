import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { createSealedBox } from "@/lib/crypto/sealed-box";
import { Keyring } from "@/lib/keys/keyring";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { MemorySigningKeyStore } from "@/lib/keys/testing/memory-signing-key-store";
import { issueAccessToken, type TokenSubject } from "./issue";
import { meshProfile } from "./profiles";

const ORIGIN = "https://login.example.com";
const NOW = new Date("2026-11-24T12:00:00.750Z");
const NOW_SECONDS = Math.floor(NOW.getTime() / 1000);

const subject: TokenSubject = {
  userId: "8f9c1f5e-0c55-4a53-a6b5-6d5ef6b3a7b1",
  role: "admin",
  sessionId: "c2Vzc2lvbi1pZC0xMjM0NQ",
  generation: 2 ** 31 - 1,
  authenticatedAt: new Date("2026-11-20T08:30:00.999Z"),
  sessionExpiresAt: new Date("2026-12-20T08:30:00Z"),
};

const store = new MemorySigningKeyStore();
const box = createSealedBox(["s".repeat(32)]);
const keyring = new Keyring({ store, box, clock: new HeldClock(NOW) }, "ES256");
await keyring.open();

const issue = (changes: Partial<TokenSubject> = {}) =>
  issueAccessToken({ ...subject, ...changes }, ORIGIN, meshProfile(600), keyring.signer, NOW);

/** As any service would: jose, our JWKS document, and RFC 9068 section 4. */
const verifyElsewhere = (token: string) =>
  jwtVerify(token, createLocalJWKSet(JSON.parse(keyring.jwks.body) as JSONWebKeySet), {
    issuer: ORIGIN,
    audience: ORIGIN,
    typ: "at+jwt",
    algorithms: ["ES256"],
    requiredClaims: ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"],
    currentDate: NOW,
  });

describe("an issued access token", () => {
  it("verifies in an independent implementation by our JWKS", async () => {
    const { payload, protectedHeader } = await verifyElsewhere((await issue()).accessToken);
    expect(protectedHeader).toEqual({ alg: "ES256", typ: "at+jwt", kid: keyring.signer.kid });
    expect(payload.sub).toBe(subject.userId);
  });

  it("says exactly what RFC 9068 and the design ask for", async () => {
    const { payload } = await verifyElsewhere((await issue()).accessToken);
    expect(payload).toEqual({
      iss: ORIGIN,
      aud: ORIGIN,
      sub: subject.userId,
      client_id: "latchkey",
      exp: NOW_SECONDS + 600,
      nbf: NOW_SECONDS,
      iat: NOW_SECONDS,
      jti: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      sid: subject.sessionId,
      gen: 2 ** 31 - 1,
      role: "admin",
      auth_time: Date.UTC(2026, 10, 20, 8, 30) / 1000,
      amr: ["pwd"],
    });
  });

  it("fits the cookie: at most 700 bytes with an origin of 40 characters", async () => {
    const origin = "https://login.department-off.example.com";
    expect(origin).toHaveLength(40);
    const { accessToken } = await issueAccessToken(subject, origin, meshProfile(600), keyring.signer, NOW);
    expect(Buffer.byteLength(accessToken)).toBeLessThanOrEqual(700);
  });

  it("says when it expires, and never outlives its session", async () => {
    const ends = new Date(NOW.getTime() + 90_000);
    const { accessToken, accessTokenExpiresAt } = await issue({ sessionExpiresAt: ends });
    const { payload } = await verifyElsewhere(accessToken);
    expect(payload.exp).toBe(NOW_SECONDS + 90);
    expect(accessTokenExpiresAt).toEqual(new Date((NOW_SECONDS + 90) * 1000));
  });

  it("never has the id of another", async () => {
    const tokens = await Promise.all(Array.from({ length: 50 }, () => issue()));
    const ids = await Promise.all(
      tokens.map(async ({ accessToken }) => (await verifyElsewhere(accessToken)).payload.jti),
    );
    expect(new Set(ids).size).toBe(50);
  });

  it("names only a key that the JWKS publishes", async () => {
    const { kid } = decodeProtectedHeader((await issue()).accessToken);
    const { keys } = JSON.parse(keyring.jwks.body) as JSONWebKeySet;
    expect(keys.map((key) => key.kid)).toEqual([kid]);
  });
});
