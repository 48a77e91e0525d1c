import {
  type CryptoKey,
  compactDecrypt,
  createLocalJWKSet,
  decodeProtectedHeader,
  importJWK,
  type JSONWebKeySet,
  type JWTVerifyOptions,
  jwtVerify,
} from "jose";
import { type AuthorizationServer, customFetch, validateJwtAccessToken } from "oauth4webapi";
import { describe, expect, it, test } from "vitest";
import type { Algorithm } from "@/lib/keys/algorithms";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { createTestKeys } from "@/lib/keys/testing/test-keys";
import { issueServiceToken, type TokenTarget } from "./issue";
import { PROFILES, type Profile } from "./profiles";
import { createTestRecipient } from "./testing/forged-jwe";

/** What we issue to services, read by implementations that are not ours. These go by the clock of the machine. */
const ISSUER = "https://login.example.com";
const now = new Date();
const nowSeconds = Math.floor(now.getTime() / 1000);
const recipient = createTestRecipient("payroll-2026");

const subject = {
  subject: "8f9c1f5e-0c55-4a53-a6b5-6d5ef6b3a7b1",
  clientId: "latchkey",
  role: "admin" as const,
  jkt: null,
  sessionId: "c2Vzc2lvbi1pZC0xMjM0NQ",
  authenticatedAt: new Date(now.getTime() - 3_600_000),
  sessionExpiresAt: new Date(now.getTime() + 86_400_000),
};

async function openIssuer(algorithm: Algorithm) {
  const keys = createTestKeys({ clock: new HeldClock(now), algorithm });
  await keys.open();
  const { signer } = keys.keyring;
  const jwks = JSON.parse(keys.keyring.jwks.body) as JSONWebKeySet;
  const issue = async (
    target: Partial<TokenTarget> & { profile: Profile },
    changes: Partial<typeof subject> = {},
  ) => {
    const { lifetimeSeconds } = target.profile;
    const full = { audience: "orders", lifetimeSeconds, scope: "orders:read", ...target };
    const { kid, publicKey } = recipient;
    const to = target.profile.encryption === null ? null : { kid, jwk: publicKey.export({ format: "jwk" }) };
    return issueServiceToken({ ...subject, ...changes }, ISSUER, full, signer, to, now);
  };
  return { jwks, issue, signer };
}

/** As RFC 9068 section 4 asks, by oauth4webapi. */
function validateElsewhere(token: string, jwks: JSONWebKeySet, audience: string) {
  const server: AuthorizationServer = { issuer: ISSUER, jwks_uri: `${ISSUER}/.well-known/jwks.json` };
  const request = new Request("https://orders.example.com/", {
    headers: { authorization: `Bearer ${token}` },
  });
  return validateJwtAccessToken(server, request, audience, {
    [customFetch]: async () => Response.json(jwks),
  });
}

const options: JWTVerifyOptions = {
  issuer: ISSUER,
  audience: "orders",
  typ: "at+jwt",
  requiredClaims: ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"],
};

const claimsOf = (lifetimeSeconds: number) => ({
  iss: ISSUER,
  aud: "orders",
  sub: subject.subject,
  client_id: "latchkey",
  exp: nowSeconds + lifetimeSeconds,
  nbf: nowSeconds,
  iat: nowSeconds,
  jti: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
  sid: subject.sessionId,
  auth_time: nowSeconds - 3600,
  amr: ["pwd"],
  role: "admin",
  scope: "orders:read",
});

async function decryptElsewhere(token: string) {
  const key = (await importJWK(recipient.privateJwk, "ECDH-ES+A256KW")) as CryptoKey;
  const { plaintext } = await compactDecrypt(token, key);
  return Buffer.from(plaintext).toString();
}

describe.each(PROFILES.mesh.algorithms)("a mesh token signed by %s", async (algorithm) => {
  const { jwks, issue, signer } = await openIssuer(algorithm);

  it("says exactly what RFC 9068 and the design ask for, in jose and in oauth4webapi", async () => {
    const { accessToken, accessTokenExpiresAt } = await issue({ profile: PROFILES.mesh });
    const { payload, protectedHeader } = await jwtVerify(accessToken, createLocalJWKSet(jwks), options);
    expect(protectedHeader).toEqual({ alg: algorithm, typ: "at+jwt", kid: signer.kid });
    expect(payload).toEqual(claimsOf(600));
    expect(await validateElsewhere(accessToken, jwks, "orders")).toEqual(payload);
    expect(accessTokenExpiresAt).toEqual(new Date((nowSeconds + 600) * 1000));
  });

  it("is for nobody else", async () => {
    const { accessToken } = await issue({ profile: PROFILES.mesh });
    await expect(validateElsewhere(accessToken, jwks, "stock")).rejects.toThrow();
    await expect(
      validateElsewhere(accessToken, (await openIssuer(algorithm)).jwks, "orders"),
    ).rejects.toThrow();
  });
});

describe("a high-security token", async () => {
  const { jwks, issue, signer } = await openIssuer("ES256");
  const target = { profile: PROFILES["high-security"] };

  it("has a header that says how it is encrypted and to whom, and nothing of what is inside", async () => {
    const { accessToken } = await issue(target);
    const { epk, ...header } = decodeProtectedHeader(accessToken);
    expect(header).toEqual({ alg: "ECDH-ES+A256KW", enc: "A256GCM", kid: "payroll-2026", cty: "JWT" });
    expect(epk).toEqual({ kty: "EC", crv: "P-256", x: expect.any(String), y: expect.any(String) });
    const decoded = accessToken.split(".").map((part) => Buffer.from(part, "base64url").toString("latin1"));
    expect(decoded.join("")).not.toMatch(/orders|admin|latchkey|at\+jwt/);
  });

  it("opens in jose, and what is inside is an access token to oauth4webapi", async () => {
    const { accessToken } = await issue(target);
    const inner = await decryptElsewhere(accessToken);
    const { payload, protectedHeader } = await jwtVerify(inner, createLocalJWKSet(jwks), options);
    expect(protectedHeader).toEqual({ alg: "ES256", typ: "at+jwt", kid: signer.kid });
    expect(payload).toEqual(claimsOf(300));
    expect(await validateElsewhere(inner, jwks, "orders")).toEqual(payload);
  });

  it("never has the ephemeral key, the content key or the id of another", async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => issue(target)));
    const parts = tokens.map(({ accessToken }) => accessToken.split("."));
    for (const index of [0, 1, 2, 3, 4]) expect(new Set(parts.map((each) => each[index])).size).toBe(20);
    const ids = tokens.map(async ({ accessToken }) => (await decryptElsewhere(accessToken)).split(".")[1]);
    expect(new Set(await Promise.all(ids)).size).toBe(20);
  });

  it("is no token to whoever takes signed ones alone", async () => {
    const { accessToken } = await issue(target);
    await expect(validateElsewhere(accessToken, jwks, "orders")).rejects.toThrow();
    await expect(jwtVerify(accessToken, createLocalJWKSet(jwks), options)).rejects.toThrow();
  });

  it("is not made unencrypted for want of a key", async () => {
    const { profile } = target;
    const full = { audience: "orders", profile, lifetimeSeconds: 300, scope: null };
    await expect(issueServiceToken(subject, ISSUER, full, signer, null, now)).rejects.toThrow(
      "no key to encrypt a token for orders",
    );
  });
});

test("a service token never outlives its session, and has no scope where its audience has none", async () => {
  const { jwks, issue } = await openIssuer("ES256");
  const ends = new Date((nowSeconds + 90) * 1000);
  const { accessToken, accessTokenExpiresAt } = await issue(
    { profile: PROFILES.mesh, scope: null },
    { sessionExpiresAt: ends },
  );
  const { payload } = await jwtVerify(accessToken, createLocalJWKSet(jwks), options);
  expect(payload.exp).toBe(nowSeconds + 90);
  expect(payload).not.toHaveProperty("scope");
  expect(payload).not.toHaveProperty("gen");
  expect(accessTokenExpiresAt).toEqual(ends);
});
