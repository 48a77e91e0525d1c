import { randomUUID } from "node:crypto";
import {
  compactDecrypt,
  createLocalJWKSet,
  decodeProtectedHeader,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  type JWTPayload,
  jwtVerify,
} from "jose";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { cookieHeader } from "../attacks/support/cookies";
import { expectInvalidToken, expectProblem, expectSignedOut } from "../attacks/support/refusals";
import { expect, type Person, targetOfFile, test } from "../attacks/support/target";

/** `POST /api/auth/token`, with tokens checked as any service would: by jose, and by nothing of ours. */
const target = targetOfFile();
let admin: Person;
let ada: Person;
test.beforeAll(async () => {
  admin = await target().logIn(target().admin);
  ada = await target().signUp();
});

async function create(terms: object) {
  const identifier = `service-${randomUUID()}`;
  const body = { identifier, profile: "mesh", ...terms };
  const answer = await target().sendAs({ access: admin.access }, { path: "/api/admin/audiences", body });
  expect(answer.status, answer.text).toBe(201);
  const { audience, secret } = JSON.parse(answer.text);
  return { identifier: audience.identifier as string, secret: secret?.secret as string };
}

const ask = (audience: unknown, who: Person = ada) =>
  target().sendAs({ access: who.access }, { path: "/api/auth/token", body: { audience } });

async function tokenFor(audience: string, who: Person = ada): Promise<{ token: string; expiresAt: Date }> {
  const answer = await ask(audience, who);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.headers["cache-control"]).toBe("no-store");
  expect(answer.setCookies).toEqual([]);
  const { accessToken, expiresAt, ...rest } = JSON.parse(answer.text);
  expect(rest).toEqual({ audience });
  return { token: accessToken, expiresAt: new Date(expiresAt) };
}

async function publishedKeys() {
  const { text } = await target().send({ path: "/.well-known/jwks.json" });
  return createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
}

const rulesFor = (audience: string) => ({ issuer: target().origin, audience, typ: "at+jwt" });

/** Everything that such a token says, and nothing else. */
function expectClaims(claims: JWTPayload, audience: string, lifetimeSeconds: number, scope?: string) {
  expect(claims).toEqual({
    iss: target().origin,
    aud: audience,
    sub: ada.userId,
    client_id: "latchkey",
    sid: ada.sessionId,
    jti: expect.any(String),
    iat: expect.any(Number),
    nbf: claims.iat,
    exp: Number(claims.iat) + lifetimeSeconds,
    auth_time: expect.any(Number),
    amr: ["pwd"],
    role: "user",
    ...(scope === undefined ? {} : { scope }),
  });
}

for (const algorithm of ["ES256", "RS256", "EdDSA"]) {
  test(`mesh by ${algorithm}: the published keys verify it`, async () => {
    const { identifier } = await create({ algorithm, lifetimeSeconds: 120, scope: "a b" });
    const { token, expiresAt } = await tokenFor(identifier);
    const options = { ...rulesFor(identifier), algorithms: [algorithm] };
    const { payload, protectedHeader } = await jwtVerify(token, await publishedKeys(), options);
    expectClaims(payload, identifier, 120, "a b");
    expect(Object.keys(protectedHeader).sort()).toEqual(["alg", "kid", "typ"]);
    expect(expiresAt.getTime() / 1000).toBe(payload.exp);
  });
}

test("high-security: the service alone can read it, and the published keys verify what it finds", async () => {
  const { publicKey, privateKey } = newKeyPair("ec", { namedCurve: "P-256" });
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "payroll-1" };
  const { identifier } = await create({ profile: "high-security", encryptionJwk: jwk, scope: "pay" });
  const { token } = await tokenFor(identifier);
  expect(token.split(".")).toHaveLength(5);
  expect(decodeProtectedHeader(token)).toEqual({
    alg: "ECDH-ES+A256KW",
    enc: "A256GCM",
    kid: "payroll-1",
    cty: "JWT",
    epk: { kty: "EC", crv: "P-256", x: expect.any(String), y: expect.any(String) },
  });
  const key = await importJWK(privateKey.export({ format: "jwk" }) as JWK, "ECDH-ES+A256KW");
  const { plaintext } = await compactDecrypt(token, key);
  const signed = Buffer.from(plaintext).toString();
  const { payload } = await jwtVerify(signed, await publishedKeys(), rulesFor(identifier));
  expectClaims(payload, identifier, 300, "pay");
  // What was inside is no token of anybody's without its envelope: nobody here takes it either.
  expectInvalidToken(await asBearer(signed), "the nested token");
});

test("legacy: the secret as it was shown verifies it, and the published keys do not", async () => {
  const { identifier, secret } = await create({ profile: "legacy" });
  const { token } = await tokenFor(identifier);
  const options = { ...rulesFor(identifier), algorithms: ["HS256"] };
  const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), options);
  expectClaims(payload, identifier, 600);
  await expect(jwtVerify(token, await publishedKeys(), rulesFor(identifier))).rejects.toThrow();
  const other = await create({ profile: "legacy" });
  await expect(jwtVerify(token, new TextEncoder().encode(other.secret))).rejects.toThrow();
});

test("legacy while its secret is replaced: the one that signs is the one that was activated", async () => {
  const { identifier, secret } = await create({ profile: "legacy" });
  const path = `/api/admin/audiences/${identifier}/secrets`;
  const post = async (to: string) =>
    JSON.parse((await target().sendAs({ access: admin.access }, { method: "POST", path: to })).text);
  const signedWith = async (text: string) => {
    const { token } = await tokenFor(identifier);
    return jwtVerify(token, new TextEncoder().encode(text)).then(
      () => true,
      () => false,
    );
  };
  const next = await post(path);
  expect(await signedWith(secret)).toBe(true);
  await post(`${path}/activate`);
  expect(await signedWith(secret)).toBe(false);
  expect(await signedWith(next.secret)).toBe(true);
});

test("each token is another one, for the person who asks", async () => {
  const { identifier } = await create({});
  const [one, two] = [await tokenFor(identifier), await tokenFor(identifier)];
  const keys = await publishedKeys();
  const claimsOf = async (token: string) => (await jwtVerify(token, keys)).payload;
  expect((await claimsOf(one.token)).jti).not.toBe((await claimsOf(two.token)).jti);
  const theirs = await claimsOf((await tokenFor(identifier, admin)).token);
  expect(theirs).toMatchObject({ sub: admin.userId, sid: admin.sessionId, role: "admin" });
});

test("it never outlives the session", async () => {
  const { identifier } = await create({});
  const person = await target().signUp();
  await target().sql(
    "UPDATE sessions SET idle_expires_at = now() + interval '90 s', expires_at = now() + interval '90 s' WHERE id = $1",
    [person.sessionId],
  );
  const [session] = await target().sql<{ end: Date }>(
    "SELECT idle_expires_at AS end FROM sessions WHERE id = $1",
    [person.sessionId],
  );
  const { expiresAt } = await tokenFor(identifier, person);
  expect(expiresAt.getTime()).toBeLessThanOrEqual(session?.end.getTime() ?? 0);
  expect(expiresAt.getTime()).toBeGreaterThan(Date.now() + 60_000);
});

test("what is no audience is refused with the field", async () => {
  for (const audience of [`service-${randomUUID()}`, "", "a/b", null, 7, ["x"], undefined, target().origin]) {
    const answer = await ask(audience);
    expectProblem(answer, 400, String(audience), "invalid_request");
    expect(Object.keys(JSON.parse(answer.text).errors)).toEqual(["audience"]);
  }
  const { identifier } = await create({});
  const body = { audience: identifier, scope: "admin", lifetimeSeconds: 900 };
  const answer = await target().sendAs({ access: ada.access }, { path: "/api/auth/token", body });
  expectProblem(answer, 400, "more than the audience", "invalid_request");
});

test("none for an audience that has been removed", async () => {
  const { identifier } = await create({});
  await tokenFor(identifier);
  const path = `/api/admin/audiences/${identifier}`;
  expect((await target().sendAs({ access: admin.access }, { method: "DELETE", path })).status).toBe(204);
  expectProblem(await ask(identifier), 400, "removed", "invalid_request");
});

test("none for whoever is not signed in, nor from another site", async () => {
  const { identifier } = await create({});
  const call = { path: "/api/auth/token", body: { audience: identifier } };
  const { origin } = target();
  expectProblem(await target().send({ ...call, headers: { origin } }), 401, "stranger", "not_authenticated");
  for (const headers of [
    { origin: "https://evil.example" },
    { origin: "null" },
    { "sec-fetch-site": "same-site" },
  ]) {
    const cookie = cookieHeader({ access: ada.access });
    const answer = await target().send({ ...call, headers: { cookie, ...headers } });
    expectProblem(answer, 403, JSON.stringify(headers), "foreign_origin");
    expect(answer.text).not.toContain("accessToken");
  }
  expectProblem(
    await target().sendAs({ access: ada.access }, { ...call, method: "GET", body: undefined }),
    405,
    "GET",
  );
});

test("none after signing out, whoever kept a copy of the cookie", async () => {
  const { identifier } = await create({});
  const person = await target().signUp();
  await tokenFor(identifier, person);
  const out = await target().sendAs(person, { method: "POST", path: "/api/auth/logout" });
  expect(out.status).toBe(204);
  expectSignedOut(await ask(identifier, person), "signed out");
});

const asBearer = (token: string) =>
  target().send({ path: "/api/auth/session", headers: { authorization: `Bearer ${token}` } });

test("a service's token is no session here: not as a bearer, not as a cookie, not for a page", async () => {
  const { publicKey } = newKeyPair("ec", { namedCurve: "P-256" });
  const encryptionJwk = publicKey.export({ format: "jwk" });
  for (const terms of [
    {},
    { algorithm: "RS256" },
    { profile: "legacy" },
    { profile: "high-security", encryptionJwk },
  ]) {
    const { identifier } = await create(terms);
    const { token } = await tokenFor(identifier, admin);
    const row = JSON.stringify(terms).slice(0, 40);
    expectInvalidToken(await asBearer(token), row);
    const cookie = cookieHeader({ access: token });
    expectSignedOut(await target().send({ path: "/api/auth/session", headers: { cookie } }), row);
    expectSignedOut(await target().send({ path: "/api/admin/keys", headers: { cookie } }), row);
    for (const path of ["/account", "/admin/audiences"]) {
      const page = await target().send({ path, headers: { cookie } });
      expect([303, 307], `${row} ${path}`).toContain(page.status);
      expect(page.headers.location).toMatch(/\/login/);
    }
    expectInvalidToken(
      await target().send({
        path: "/api/auth/token",
        headers: { authorization: `Bearer ${token}` },
        body: { audience: identifier },
      }),
      `${row}: another token`,
    );
  }
});

test("and a session's own token is for us alone", async () => {
  const { payload } = await jwtVerify(ada.access, await publishedKeys());
  expect(payload.aud).toBe(target().origin);
  expect(payload.scope).toBeUndefined();
  const { identifier } = await create({});
  await expect(jwtVerify(ada.access, await publishedKeys(), rulesFor(identifier))).rejects.toThrow(/"aud"/);
});
