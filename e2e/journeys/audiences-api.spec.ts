import { randomUUID } from "node:crypto";
import { calculateJwkThumbprint } from "jose";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { expectProblem, problemOf } from "../attacks/support/refusals";
import { expect, freshEmail, type Person, targetOfFile, test } from "../attacks/support/target";
import { ageSession } from "../support/console";
import { throughPages, WRONG_PAGES } from "../support/paging";

/** `/api/admin/audiences` through the running server, as an administrator's program asks. */
const target = targetOfFile();
let admin: Person;
test.beforeAll(async () => {
  admin = await target().logIn(target().admin);
});

const PATH = "/api/admin/audiences";
const SECRET_TEXT = /^[A-Za-z0-9_-]{43}$/;
const FEED_TOKEN = /^latchkey_feed_[A-Za-z0-9_-]{43}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const freshName = (): string => `service-${randomUUID()}`;
const pathOf = (identifier: string, rest = ""): string => `${PATH}/${encodeURIComponent(identifier)}${rest}`;
const newJwk = () => newKeyPair("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });

const call = (method: string, path: string, body?: unknown, who: Person = admin) =>
  target().sendAs({ access: who.access }, { method, path, body });

async function ok(status: number, method: string, path: string, body?: unknown) {
  const answer = await call(method, path, body);
  expect(answer.status, `${method} ${path}: ${answer.text}`).toBe(status);
  expect(answer.headers["cache-control"]).toBe("no-store");
  return answer.text === "" ? null : JSON.parse(answer.text);
}

const create = (terms: object) =>
  ok(201, "POST", PATH, { identifier: freshName(), profile: "mesh", ...terms });

async function list(): Promise<{ identifier: string }[]> {
  return (await ok(200, "GET", `${PATH}?limit=200`)).audiences;
}

const statesOf = async (identifier: string) =>
  (
    await target().sql<{ state: string }>(
      "SELECT state FROM signing_keys WHERE use = $1 ORDER BY created_at",
      [`audience:${identifier}`],
    )
  ).map(({ state }) => state);

test.describe("created", () => {
  for (const { profile, algorithm, lifetimeSeconds, jwk } of [
    { profile: "mesh", algorithm: "ES256", lifetimeSeconds: 600, jwk: null },
    { profile: "high-security", algorithm: "ES256", lifetimeSeconds: 300, jwk: newJwk() },
    { profile: "legacy", algorithm: "HS256", lifetimeSeconds: 600, jwk: null },
  ]) {
    test(`${profile}, with what it has by default`, async () => {
      const identifier = freshName();
      const given = { identifier, profile, ...(jwk === null ? {} : { encryptionJwk: jwk }) };
      const { audience, feedToken, secret, ...rest } = await ok(201, "POST", PATH, given);
      expect(rest).toEqual({});
      expect(audience).toEqual({
        identifier,
        profile,
        algorithm,
        lifetimeSeconds,
        scope: null,
        encryptionJwk: jwk && { ...jwk, kid: await calculateJwkThumbprint({ ...jwk, kty: "EC" }) },
        jwksUri: null,
        hasFeedToken: true,
        createdAt: expect.stringMatching(INSTANT),
        updatedAt: expect.stringMatching(INSTANT),
      });
      expect(feedToken).toMatch(FEED_TOKEN);
      if (profile !== "legacy") expect(secret).toBeNull();
      else expect(secret).toEqual({ kid: expect.any(String), secret: expect.stringMatching(SECRET_TEXT) });
      expect(await list()).toContainEqual(audience);
      const told = [feedToken, secret?.secret ?? feedToken];
      const everything = (await call("GET", `${PATH}?limit=200`)).text;
      for (const text of told) expect(everything).not.toContain(text);
    });
  }

  test("with everything that can be said of it", async () => {
    const terms = { algorithm: "RS256", lifetimeSeconds: 60, scope: "orders:read orders:write" };
    const { audience } = await create(terms);
    expect(audience).toMatchObject({ ...terms, profile: "mesh" });
    const { keys } = await ok(200, "GET", "/api/admin/keys");
    const states = keys
      .filter((key: { algorithm: string }) => key.algorithm === "RS256")
      .map(({ state }: { state: string }) => state);
    expect(states.sort()).toEqual(["active", "staged"]);
    const { lines } = await ok(200, "GET", "/api/admin/keys");
    expect(lines).toContainEqual({
      algorithm: "RS256",
      signsFor: "audiences",
      signingKid: expect.any(String),
      nextKid: expect.any(String),
      nextRotationAt: expect.stringMatching(INSTANT),
    });
  });

  test("once, of two who ask at once", async () => {
    const body = { identifier: freshName(), profile: "legacy" };
    const answers = await Promise.all([1, 2, 3].map(() => call("POST", PATH, body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    for (const answer of answers.filter(({ status }) => status === 409)) {
      expectProblem(answer, 409, "taken", "audience_taken");
      expect(answer.text).not.toMatch(/latchkey_feed_/);
    }
    expect(await statesOf(body.identifier)).toEqual(["active"]);
  });
});

test("each refusal names its field, and nothing is kept of it", async () => {
  const jwk = newJwk();
  const { d } = newKeyPair("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
  const rows: [field: string, body: unknown][] = [
    ["body", "not JSON"],
    ["body", []],
    ["body", null],
    ["identifier", { profile: "mesh" }],
    ...[
      "",
      " ",
      " orders",
      "-orders",
      "a/b",
      "orders?",
      "orders#x",
      "ordérs",
      "a".repeat(129),
      "ftp://orders.example",
      "https://orders.example/?x=1",
      "https://orders.example/#x",
      "https://orders.example/../x",
      "https://orders.example/%41",
      "https://me@orders.example",
      "https://ORDERS.example",
      `https://orders.example/${"a".repeat(200)}`,
      7,
      null,
      ["orders"],
      target().origin,
      `${target().origin}/`,
      `${target().origin}/oauth/userinfo`,
      target().origin.replace("http", "HTTP"),
      "latchkey",
    ].map((identifier): [string, unknown] => ["identifier", { identifier, profile: "mesh" }]),
    ...["", "native", "Mesh", "monolith", null, 1].map((profile): [string, unknown] => [
      "profile",
      { profile },
    ]),
    ["profile", { profile: undefined }],
    ...["none", "HS512", "es256", null].map((algorithm): [string, unknown] => ["algorithm", { algorithm }]),
    ["algorithm", { algorithm: "HS256" }],
    ["algorithm", { profile: "high-security", algorithm: "RS256", encryptionJwk: jwk }],
    ["algorithm", { profile: "legacy", algorithm: "ES256" }],
    ...[0, 59, 901, 60.5, -60, "600", null].map((lifetimeSeconds): [string, unknown] => [
      "lifetimeSeconds",
      { lifetimeSeconds },
    ]),
    ["lifetimeSeconds", { profile: "high-security", lifetimeSeconds: 301, encryptionJwk: jwk }],
    ...["a  b", 'say "x"', "a\tb", "ä", "x".repeat(1001), 7].map((scope): [string, unknown] => [
      "scope",
      { scope },
    ]),
    ["encryptionJwk", { profile: "high-security" }],
    ["encryptionJwk", { encryptionJwk: jwk }],
    ["encryptionJwk", { profile: "legacy", encryptionJwk: jwk }],
    ...[
      "text",
      [],
      { kty: "oct", k: "AAAA" },
      { ...jwk, crv: "P-384" },
      { ...jwk, d },
      { ...jwk, use: "sig" },
    ].map((encryptionJwk): [string, unknown] => [
      "encryptionJwk",
      { profile: "high-security", encryptionJwk },
    ]),
    ["jwksUri", { jwksUri: "https://orders.example/jwks.json" }],
    [
      "jwksUri",
      { profile: "high-security", encryptionJwk: jwk, jwksUri: "https://orders.example/jwks.json" },
    ],
    ...[
      "",
      "jwks",
      "file:///etc/passwd",
      "http://orders.example/jwks.json",
      "https://127.0.0.1/",
      "https://[::1]/",
    ].map((jwksUri): [string, unknown] => ["jwksUri", { profile: "high-security", jwksUri }]),
    ["secret", { secret: "my own" }],
    ["hasFeedToken", { hasFeedToken: true }],
    ["createdAt", { createdAt: "2020-01-01T00:00:00.000Z" }],
  ];
  const before = await list();
  for (const [field, given] of rows) {
    const isTerms = typeof given === "object" && given !== null && !Array.isArray(given);
    const body = isTerms ? { identifier: "refused", profile: "mesh", ...given } : given;
    if (isTerms && field === "identifier" && !("identifier" in given))
      delete (body as { identifier?: string }).identifier;
    const row = `${field}: ${JSON.stringify(given)?.slice(0, 80)}`;
    const answer = await call("POST", PATH, body);
    expectProblem(answer, 400, row, "invalid_request");
    expect.soft(Object.keys(problemOf(answer).errors ?? {}), row).toEqual([field]);
    if (d !== undefined) expect.soft(answer.text, row).not.toContain(d);
  }
  expect(await list()).toEqual(before);
});

test("a profile for nobody outside is refused with what to do instead", async () => {
  const answer = await call("POST", PATH, { identifier: freshName(), profile: "monolith" });
  expect(problemOf(answer).errors).toEqual({ profile: expect.stringContaining("SESSION_ALGORITHM=HS256") });
});

test("an identifier may be an address, in the path with its slashes escaped", async () => {
  for (const identifier of [
    "https://orders.example/v1",
    "https://orders.example:8443/v1/",
    "http://orders.internal",
    "urn:example:orders~1",
  ]) {
    await create({ identifier });
    const { audience } = await ok(200, "PATCH", pathOf(identifier), { lifetimeSeconds: 61 });
    expect(audience).toMatchObject({ identifier, lifetimeSeconds: 61 });
    expect((await ok(201, "POST", pathOf(identifier, "/feed-token"))).feedToken).toMatch(FEED_TOKEN);
    await ok(204, "DELETE", pathOf(identifier));
    expect((await list()).map((audience) => audience.identifier)).not.toContain(identifier);
  }
});

test("what names no audience is not found, and no other spelling names one", async () => {
  await create({ identifier: "https://spelling.example/v1" });
  const body = { lifetimeSeconds: 99 };
  for (const path of [
    pathOf(freshName()),
    pathOf("https://spelling.example/v2"),
    pathOf("HTTPS://x"),
    pathOf("-"),
  ]) {
    expectProblem(await call("PATCH", path, body), 404, path, "not_found");
    expectProblem(await call("DELETE", path), 404, path, "not_found");
    for (const rest of ["/feed-token", "/secrets", "/secrets/activate"]) {
      expectProblem(await call("POST", `${path}${rest}`), 404, `${path}${rest}`, "not_found");
    }
  }
  for (const named of [
    "https%3a%2f%2fspelling.example%2fv1",
    "https%253A%252F%252Fspelling.example%252Fv1",
    "https://spelling.example/v1",
    "https:%2F%2Fspelling.example%2Fv1/../v1",
    "https%3A%2F%2Fspelling.example%2Fv1%2F",
    "https%3A%2F%2Fspelling.example%2Fv1%3F",
    "https%3A%5C%5Cspelling.example%2Fv1",
  ]) {
    const answer = await call("PATCH", `${PATH}/${named}`, body);
    expectProblem(answer, [400, 404], named);
  }
  const [audience] = (await list()).filter(({ identifier }) => identifier.includes("spelling"));
  expect(audience).toMatchObject({ lifetimeSeconds: 600 });
});

test("a change is of what is said alone", async () => {
  const { audience } = await create({ scope: "a b", lifetimeSeconds: 90 });
  const path = pathOf(audience.identifier);
  expect((await ok(200, "PATCH", path, {})).audience).toMatchObject({ scope: "a b", lifetimeSeconds: 90 });
  expect((await ok(200, "PATCH", path, { lifetimeSeconds: 900 })).audience).toEqual({
    ...audience,
    lifetimeSeconds: 900,
    updatedAt: expect.stringMatching(INSTANT),
  });
  for (const scope of [null, ""]) {
    await ok(200, "PATCH", path, { scope: "c" });
    expect((await ok(200, "PATCH", path, { scope })).audience).toMatchObject({ scope: null });
  }
  for (const [field, body] of [
    ["profile", { profile: "legacy" }],
    ["algorithm", { algorithm: "RS256" }],
    ["identifier", { identifier: "other" }],
    ["lifetimeSeconds", { lifetimeSeconds: 901 }],
    ["scope", { scope: "a  b" }],
    ["encryptionJwk", { encryptionJwk: newJwk() }],
    ["jwksUri", { jwksUri: "https://orders.example/jwks.json" }],
  ] as const) {
    const answer = await call("PATCH", path, body);
    expectProblem(answer, 400, field, "invalid_request");
    expect(Object.keys(problemOf(answer).errors ?? {})).toEqual([field]);
  }
  expect((await list()).find(({ identifier }) => identifier === audience.identifier)).toMatchObject({
    profile: "mesh",
    lifetimeSeconds: 900,
    scope: null,
  });
});

test("the key of high-security is replaced, and never taken away", async () => {
  const { audience } = await create({ profile: "high-security", encryptionJwk: newJwk() });
  const path = pathOf(audience.identifier);
  const next = { ...newJwk(), kid: "next" };
  expect((await ok(200, "PATCH", path, { encryptionJwk: next })).audience.encryptionJwk).toEqual(next);
  for (const body of [{ encryptionJwk: null }, { encryptionJwk: null, jwksUri: null }]) {
    expectProblem(await call("PATCH", path, body), 400, JSON.stringify(body), "invalid_request");
  }
  expect((await ok(200, "PATCH", path, { scope: "a" })).audience.encryptionJwk).toEqual(next);
});

test("pages of a list hold each audience once, in the order of their identifiers", async () => {
  await Promise.all([1, 2, 3, 4, 5].map(() => create({})));
  const all = (await list()).map(({ identifier }) => identifier);
  const seen = await throughPages(async (query) => {
    const { audiences, nextCursor } = await ok(200, "GET", `${PATH}?${query}`);
    return { items: audiences.map(({ identifier }: { identifier: string }) => identifier), nextCursor };
  });
  expect(seen).toEqual(all);
  expect(new Set(all).size).toBe(all.length);
  for (const query of WRONG_PAGES) {
    expectProblem(await call("GET", `${PATH}?${query}`), 400, query);
  }
});

test("the secrets of legacy: one signs, one waits, and then they change places", async () => {
  const { audience, secret } = await create({ profile: "legacy" });
  const { identifier } = audience;
  expectProblem(await call("POST", pathOf(identifier, "/secrets/activate")), 404, "none waits", "not_found");
  const next = await ok(201, "POST", pathOf(identifier, "/secrets"));
  expect(next).toEqual({
    kid: expect.any(String),
    secret: expect.stringMatching(SECRET_TEXT),
    signs: false,
  });
  expect(next.secret).not.toBe(secret.secret);
  expect(await statesOf(identifier)).toEqual(["active", "staged"]);
  expectProblem(await call("POST", pathOf(identifier, "/secrets")), 409, "one waits", "secret_waiting");
  expect(await ok(200, "POST", pathOf(identifier, "/secrets/activate"))).toEqual({ kid: next.kid });
  expect(await statesOf(identifier)).toEqual(["retiring", "active"]);

  const reason = { reason: "found in a mail" };
  await ok(200, "POST", `/api/admin/keys/${next.kid}/revoke`, reason);
  expect(await statesOf(identifier)).toEqual(["retiring", "revoked"]);
  expect((await ok(201, "POST", pathOf(identifier, "/secrets"))).signs).toBe(true);
  await ok(204, "DELETE", pathOf(identifier));
  expect(await statesOf(identifier)).toEqual(["retired", "revoked", "retired"]);
});

test("no other profile has secrets", async () => {
  const { audience } = await create({});
  for (const rest of ["/secrets", "/secrets/activate"]) {
    expectProblem(await call("POST", pathOf(audience.identifier, rest)), 404, rest, "not_found");
  }
  expect(await statesOf(audience.identifier)).toEqual([]);
});

test("the newest two feed tokens read the feed, and none when the audience is gone", async () => {
  const { audience, feedToken } = await create({});
  const path = pathOf(audience.identifier);
  const next = async () => (await ok(201, "POST", `${path}/feed-token`)).feedToken;
  const tokens = [feedToken, await next(), await next()];
  const read = (token: string) =>
    target().send({ path: "/api/revocations", headers: { authorization: `Bearer ${token}` } });
  const statuses = async () => (await Promise.all(tokens.map(read))).map(({ status }) => status);
  expect(await statuses()).toEqual([401, 200, 200]);
  await ok(204, "DELETE", path);
  expect(await statuses()).toEqual([401, 401, 401]);
});

const CHANGES = (identifier: string): [method: string, path: string, body?: unknown][] => [
  ["POST", PATH, { identifier: freshName(), profile: "mesh" }],
  ["PATCH", pathOf(identifier), { lifetimeSeconds: 99 }],
  ["DELETE", pathOf(identifier)],
  ["POST", pathOf(identifier, "/secrets")],
  ["POST", pathOf(identifier, "/secrets/activate")],
  ["POST", pathOf(identifier, "/feed-token")],
];

test("a change needs a fresh sign-in, a look does not", async () => {
  const { audience } = await create({ profile: "legacy" });
  const tired = await target().logIn(target().admin);
  await ageSession(target().running.databaseUrl, tired.sessionId);
  const refreshed = await target().sendAs(tired, { method: "POST", path: "/api/auth/refresh" });
  const access = /__Host-Http-access=([^;]+)/.exec(refreshed.setCookies.join("\n"))?.[1] ?? "";
  const before = await list();
  for (const [method, path, body] of CHANGES(audience.identifier)) {
    const answer = await call(method, path, body, { ...tired, access });
    expectProblem(answer, 403, `${method} ${path}`, "reauthentication_required");
  }
  expect((await call("GET", PATH, undefined, { ...tired, access })).status).toBe(200);
  expect(await list()).toEqual(before);
});

test("nobody but an administrator gets anywhere, and nobody from another site", async () => {
  const { audience } = await create({ profile: "legacy" });
  const person = await target().signUp(freshEmail());
  const before = await list();
  for (const [method, path, body] of [...CHANGES(audience.identifier), ["GET", PATH] as const]) {
    const row = `${method} ${path}`;
    expectProblem(await call(method, path, body, person), 403, row, "forbidden");
    expectProblem(
      await target().send({ method, path, body, headers: { origin: target().origin } }),
      401,
      row,
      "not_authenticated",
    );
    if (method === "GET") continue;
    const headers = { origin: "https://evil.example" };
    const foreign = await target().sendAs({ access: admin.access }, { method, path, body, headers });
    expectProblem(foreign, 403, row, "foreign_origin");
  }
  expect(await list()).toEqual(before);
});
