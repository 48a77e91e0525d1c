import {
  createLocalJWKSet,
  decodeProtectedHeader,
  type JSONWebKeySet,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
} from "jose";
import { describe, expect, it } from "vitest";
import { ALGORITHMS, type Algorithm, isSymmetric } from "@/lib/keys/algorithms";
import { type Signer, SigningUnavailableError } from "@/lib/keys/custody";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { createTestKeys, type TestKeys } from "@/lib/keys/testing/test-keys";
import { issueAccessToken, type TokenSubject } from "./issue";
import { ownProfile } from "./profiles";

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

async function openTestKeys(algorithm: Algorithm): Promise<TestKeys> {
  const keys = createTestKeys({ clock: new HeldClock(NOW), algorithm });
  await keys.open();
  return keys;
}

const issueWith = (signer: Signer, changes: Partial<TokenSubject> = {}, origin = ORIGIN) =>
  issueAccessToken({ ...subject, ...changes }, origin, ownProfile("ES256", 600), signer, NOW);

/** As any service would: jose, our JWKS document (a secret is told in another way), and RFC 9068 section 4. */
function verifyElsewhere({ keyring, custody, store }: TestKeys, token: string): Promise<JWTVerifyResult> {
  const options: JWTVerifyOptions = {
    issuer: ORIGIN,
    audience: ORIGIN,
    typ: "at+jwt",
    algorithms: [keyring.algorithm],
    requiredClaims: ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"],
    currentDate: NOW,
  };
  const jwks = createLocalJWKSet(JSON.parse(keyring.jwks.body) as JSONWebKeySet);
  if (!isSymmetric(keyring.algorithm)) return jwtVerify(token, jwks, options);
  const record = store.rows.find(({ kid }) => kid === decodeProtectedHeader(token).kid);
  if (record === undefined) throw new Error("There is no such key.");
  return jwtVerify(token, new Uint8Array(custody.openSecret(record)), options);
}

describe.each(Object.keys(ALGORITHMS) as Algorithm[])("an access token signed by %s", async (algorithm) => {
  const keys = await openTestKeys(algorithm);
  const { signer } = keys.keyring;
  const issue = (changes: Partial<TokenSubject> = {}) => issueWith(signer, changes);

  it("verifies in an independent implementation", async () => {
    const { payload, protectedHeader } = await verifyElsewhere(keys, (await issue()).accessToken);
    expect(protectedHeader).toEqual({ alg: algorithm, typ: "at+jwt", kid: signer.kid });
    expect(payload.sub).toBe(subject.userId);
  });

  it("says exactly what RFC 9068 and the design ask for", async () => {
    const { payload } = await verifyElsewhere(keys, (await issue()).accessToken);
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

  it("verifies whatever text its claims hold", async () => {
    const names = ["Ada Łovelace", "\u{1f511}", 'a"b\\c', "\u0000\u001f", "a\u2028b", ".", "x".repeat(500)];
    for (const userId of names) {
      const { payload } = await verifyElsewhere(keys, (await issue({ userId })).accessToken);
      expect(payload.sub).toBe(userId);
    }
  });

  it("is written as RFC 7515 asks: three parts of base64url without padding", async () => {
    const { accessToken } = await issue();
    expect(accessToken).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
    const signature = Buffer.from(accessToken.split(".")[2] ?? "", "base64url");
    expect(signature).toHaveLength({ ES256: 64, RS256: 384, EdDSA: 64, HS256: 32 }[algorithm]);
  });

  it("names the key that signed it, which the JWKS publishes unless it is a secret", async () => {
    const { kid } = decodeProtectedHeader((await issue()).accessToken);
    expect(keys.keyring.jwks.body.includes(String(kid))).toBe(!isSymmetric(algorithm));
    expect(keys.signed.at(-1)?.[0]).toBe(kid);
  });
});

describe("an access token", async () => {
  const keys = await openTestKeys("ES256");
  const { signer } = keys.keyring;

  it("fits the cookie: at most 700 bytes with an origin of 40 characters", async () => {
    const origin = "https://login.department-off.example.com";
    expect(origin).toHaveLength(40);
    const { accessToken } = await issueWith(signer, {}, origin);
    expect(Buffer.byteLength(accessToken)).toBeLessThanOrEqual(700);
  });

  it("says when it expires, and never outlives its session", async () => {
    const ends = new Date(NOW.getTime() + 90_000);
    const { accessToken, accessTokenExpiresAt } = await issueWith(signer, { sessionExpiresAt: ends });
    const { payload } = await verifyElsewhere(keys, accessToken);
    expect(payload.exp).toBe(NOW_SECONDS + 90);
    expect(accessTokenExpiresAt).toEqual(new Date((NOW_SECONDS + 90) * 1000));
  });

  it("never has the id of another", async () => {
    const tokens = await Promise.all(Array.from({ length: 50 }, () => issueWith(signer)));
    const ids = await Promise.all(
      tokens.map(async ({ accessToken }) => (await verifyElsewhere(keys, accessToken)).payload.jti),
    );
    expect(new Set(ids).size).toBe(50);
  });

  it("is not issued when whoever holds the key does not answer", async () => {
    const away: Signer = {
      ...signer,
      sign: () => Promise.reject(new SigningUnavailableError("The signer does not answer.")),
    };
    await expect(issueWith(away)).rejects.toBeInstanceOf(SigningUnavailableError);
  });
});
