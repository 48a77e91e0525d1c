import { exportJWK, generateKeyPair } from "jose";
import { describe, expect, it, test } from "vitest";
import { createVerifier } from "./create-verifier";
import type { VerifierOptions } from "./options";
import { readOptions } from "./read-options";

const mesh = { profile: "mesh", issuer: "https://login.example.com", audience: "orders", revocation: "none" };
const legacy = { ...mesh, profile: "legacy", secrets: ["x".repeat(43)] };
const jwk = await exportJWK((await generateKeyPair("ECDH-ES+A256KW", { extractable: true })).privateKey);
const highSecurity = { ...mesh, profile: "high-security", decryptionKeys: [jwk] };

const read = (options: object) => readOptions(options as VerifierOptions);

it("has a default for everything that has one", () => {
  expect(read(mesh)).toMatchObject({
    issuer: "https://login.example.com",
    audience: "orders",
    algorithm: "ES256",
    clockToleranceSeconds: 10,
    revocation: "none",
    jwks: {
      url: "https://login.example.com/.well-known/jwks.json",
      ttlSeconds: 300,
      cooldownSeconds: 30,
      maxStaleSeconds: 3600,
    },
  });
});

test.each([
  [mesh, 30],
  [legacy, 30],
  [highSecurity, 5],
])("%j hears of revocations in time", (options, maxStalenessSeconds) => {
  const { revocation } = read({ ...options, revocation: { feed: { token: "latchkey_feed_x" } } });
  expect(revocation).toEqual({ feed: { token: "latchkey_feed_x", maxStalenessSeconds } });
});

test.each(["http://localhost:3000", "http://127.0.0.1", "http://[::1]:3000", "https://a.test:8443"])(
  "the issuer may be %s",
  (issuer) => {
    expect(read({ ...mesh, issuer })).toMatchObject({
      issuer,
      jwks: { url: `${issuer}/.well-known/jwks.json` },
    });
  },
);

describe("an option that is wrong", () => {
  const isOneSentence = /^[A-Za-z][^\n]*\.$/;
  test.each<[object | null, RegExp]>([
    [null, /profile must be one of/],
    [{ ...mesh, profile: undefined }, /profile must be one of mesh, high-security, legacy/],
    [{ ...mesh, profile: "constructor" }, /profile must be one of/],
    [{ ...mesh, profile: "monolith" }, /profile must be one of mesh, high-security, legacy/],
    [{ ...mesh, clockTolerance: 5 }, /no option "clockTolerance"/],
    [{ ...mesh, secrets: ["x".repeat(43)] }, /no option "secrets"/],
    [{ ...legacy, algorithm: "HS256" }, /no option "algorithm"/],
    [{ ...legacy, jwks: {} }, /no option "jwks"/],
    [{ ...mesh, issuer: undefined }, /issuer must be/],
    [{ ...mesh, clockToleranceSeconds: undefined }, /clockToleranceSeconds must be/],
    [{ ...mesh, issuer: "login.example.com" }, /issuer must be/],
    [{ ...mesh, issuer: "http://login.example.com" }, /issuer must be/],
    [{ ...mesh, issuer: "http://localhost.example.com" }, /issuer must be/],
    [{ ...mesh, issuer: "https://login.example.com/" }, /issuer must be/],
    [{ ...mesh, issuer: "https://LOGIN.example.com" }, /issuer must be/],
    [{ ...mesh, issuer: "https://login.example.com/path" }, /issuer must be/],
    [{ ...mesh, issuer: "https://me@login.example.com" }, /issuer must be/],
    [{ ...mesh, issuer: "file:///etc" }, /issuer must be/],
    [{ ...mesh, audience: "" }, /audience must be/],
    [{ ...mesh, audience: ["orders"] }, /audience must be/],
    [{ ...mesh, audience: "x".repeat(256) }, /audience must be/],
    [{ ...mesh, algorithm: "HS256" }, /algorithm must be one of ES256, RS256, EdDSA/],
    [{ ...mesh, algorithm: "none" }, /algorithm must be one of/],
    [{ ...mesh, clockToleranceSeconds: 31 }, /clockToleranceSeconds must be a whole number from 0 to 30/],
    [{ ...mesh, clockToleranceSeconds: "10" }, /clockToleranceSeconds must be/],
    [{ ...mesh, clockToleranceSeconds: Number.NaN }, /clockToleranceSeconds must be/],
    [{ ...mesh, fetch: "fetch" }, /fetch must be a function/],
    [{ ...mesh, clock: null }, /clock must be a clock with now/],
    [{ ...mesh, onRejected: "log" }, /onRejected must be a function/],
    [{ ...mesh, onProblem: {} }, /onProblem must be a function/],
    [{ ...mesh, revocation: undefined }, /revocation must be/],
    [{ ...mesh, revocation: null }, /revocation must be/],
    [{ ...mesh, revocation: "feed" }, /revocation must be/],
    [{ ...mesh, revocation: {} }, /revocation.feed must be/],
    [{ ...mesh, revocation: { feed: { token: "x" }, redis: {} } }, /no option "revocation.feed"/],
    [{ ...mesh, revocation: { redis: {} } }, /revocation.redis must be a client with mget/],
    [{ ...mesh, revocation: { redis: null } }, /revocation.redis must be a client with mget/],
    [{ ...mesh, revocation: { feed: {} } }, /revocation.feed.token must be/],
    [{ ...mesh, revocation: { feed: "token" } }, /revocation.feed must be/],
    [{ ...mesh, revocation: { feed: { token: "" } } }, /revocation.feed.token must be/],
    [{ ...mesh, revocation: { feed: { token: "latchkey_feed_x\n" } } }, /revocation.feed.token must be/],
    [
      { ...mesh, revocation: { feed: { token: "x", staleness: 5 } } },
      /no option "revocation.feed.staleness"/,
    ],
    [
      { ...mesh, revocation: { feed: { token: "x", maxStalenessSeconds: 0 } } },
      /maxStalenessSeconds must be/,
    ],
    [
      { ...mesh, revocation: { feed: { token: "x", maxStalenessSeconds: 301 } } },
      /maxStalenessSeconds must be/,
    ],
    [{ ...mesh, jwks: { uri: "https://a.test" } }, /no option "jwks.uri"/],
    [{ ...mesh, jwks: "https://a.test" }, /jwks must be an object/],
    [{ ...mesh, jwks: { url: "http://a.test/jwks" } }, /jwks.url must be/],
    [{ ...mesh, jwks: { url: "/jwks" } }, /jwks.url must be/],
    [{ ...mesh, jwks: { ttlSeconds: 0 } }, /ttlSeconds must be/],
    [{ ...mesh, jwks: { maxStaleSeconds: 299 } }, /maxStaleSeconds must be a whole number from 300 to/],
    [{ ...mesh, jwks: { cooldownSeconds: Number.POSITIVE_INFINITY } }, /jwks.cooldownSeconds must be/],
    [{ ...legacy, secrets: undefined }, /secrets must be 1 or 2 secrets/],
    [{ ...legacy, secrets: "x".repeat(43) }, /secrets must be 1 or 2 secrets/],
    [{ ...legacy, secrets: [] }, /secrets must be 1 or 2 secrets/],
    [{ ...legacy, secrets: Array(3).fill("x".repeat(43)) }, /secrets must be 1 or 2 secrets/],
    [{ ...legacy, secrets: ["x".repeat(31)] }, /of 32 characters or more/],
    [{ ...legacy, secrets: [undefined] }, /of 32 characters or more/],
    [{ ...highSecurity, decryptionKeys: undefined }, /decryptionKeys must be private/],
    [{ ...highSecurity, decryptionKeys: [] }, /decryptionKeys must be private/],
    [{ ...highSecurity, decryptionKeys: [{ ...jwk, crv: "P-384" }] }, /of P-256/],
    [{ ...highSecurity, decryptionKeys: [{ ...jwk, d: undefined }] }, /decryptionKeys must be private/],
    [{ ...highSecurity, decryptionKeys: ["key"] }, /decryptionKeys must be/],
  ])("%# %j", (options, sentence) => {
    const create = () => createVerifier(options as unknown as VerifierOptions);
    expect(create).toThrow(sentence);
    expect(create).toThrow(TypeError);
    expect(create).toThrow(isOneSentence);
  });

  it("is named without the secret that it holds", () => {
    const secret = "hunter2-hunter2-hunter2-hunter2";
    expect(() => read({ ...legacy, secrets: [secret] })).not.toThrow(/hunter2/);
  });
});
