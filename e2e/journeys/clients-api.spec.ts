import { randomUUID } from "node:crypto";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { expectProblem, problemOf } from "../attacks/support/refusals";
import { expect, freshEmail, type Person, targetOfFile, test } from "../attacks/support/target";
import { ageSession } from "../support/console";
import { throughPages, WRONG_PAGES } from "../support/paging";

/** `/api/admin/clients` through the running server, as an administrator's program asks. */
const target = targetOfFile();
let admin: Person;
test.beforeAll(async () => {
  admin = await target().logIn(target().admin);
  await ok(201, "POST", "/api/admin/audiences", { identifier: "orders", profile: "mesh" });
});

const PATH = "/api/admin/clients";
const CLIENT_ID = /^client_[A-Za-z0-9_-]{22}$/;
const SECRET = /^latchkey_secret_[A-Za-z0-9_-]{43}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";

const pathOf = (id: string, rest = ""): string => `${PATH}/${id}${rest}`;

const { publicKey, privateKey } = newKeyPair("ec", { namedCurve: "P-256" });
const PUBLIC_JWK = publicKey.export({ format: "jwk" });
const PRIVATE_JWK = privateKey.export({ format: "jwk" });

const APP = { name: "Notes", authMethod: "none", redirectUris: ["https://notes.example/callback"] };
const SERVICE = {
  name: "Billing",
  authMethod: "client_secret",
  grantTypes: ["client_credentials"],
  audiences: ["orders"],
};
const KEYED = { ...SERVICE, authMethod: "private_key_jwt", jwks: { keys: [PUBLIC_JWK] } };

const call = (method: string, path: string, body?: unknown, who: Person = admin) =>
  target().sendAs({ access: who.access }, { method, path, body });

async function ok(status: number, method: string, path: string, body?: unknown) {
  const answer = await call(method, path, body);
  expect(answer.status, `${method} ${path}: ${answer.text}`).toBe(status);
  expect(answer.headers["cache-control"]).toBe("no-store");
  return answer.text === "" ? null : JSON.parse(answer.text);
}

const create = (terms: object) => ok(201, "POST", PATH, terms);

async function list(): Promise<{ id: string }[]> {
  return (await ok(200, "GET", `${PATH}?limit=200`)).clients;
}

/** What a person has let a client do, as the database has it. */
async function letIn(clientId: string, person: Person): Promise<string> {
  const id = `grant-${randomUUID().slice(0, 13)}`;
  await target().sql(
    `INSERT INTO sessions (id, user_id, secret_hash, rotated_at, acknowledged_at, authenticated_at, created_at,
       last_seen_at, idle_expires_at, expires_at, ip, user_agent, client_id, parent_id, audience, scope)
     SELECT $1::text, user_id, sha256(convert_to($1::text, 'UTF8')), rotated_at, acknowledged_at, authenticated_at, created_at,
       last_seen_at, idle_expires_at, expires_at, ip, user_agent, $2::text, id, 'orders', 'openid'
     FROM sessions WHERE id = $3`,
    [id, clientId, person.sessionId],
  );
  return id;
}

const deniedAmong = async (values: string[]): Promise<string[]> =>
  (
    await target().sql<{ value: string }>(
      "SELECT value FROM denials WHERE kind = 'sid' AND value = ANY($1)",
      [values],
    )
  )
    .map(({ value }) => value)
    .sort();

const tokensIdOf = async (id: string): Promise<string> =>
  (await target().sql<{ tokens_id: string }>("SELECT tokens_id FROM clients WHERE id = $1", [id]))[0]
    ?.tokens_id ?? "";

test.describe("created", () => {
  test("with what it has by default, and told to everybody who may look", async () => {
    const { client, secret, ...rest } = await create(APP);
    expect({ secret, rest }).toEqual({ secret: null, rest: {} });
    expect(client).toEqual({
      ...APP,
      id: expect.stringMatching(CLIENT_ID),
      jwks: null,
      jwksUri: null,
      grantTypes: ["authorization_code"],
      postLogoutRedirectUris: [],
      origins: [],
      scope: "openid",
      audiences: [],
      algorithm: "ES256",
      requiresDpop: false,
      requiresPushedRequests: false,
      backchannelLogoutUri: null,
      hasPreviousSecret: false,
      createdAt: expect.stringMatching(INSTANT),
      updatedAt: expect.stringMatching(INSTANT),
    });
    expect(await ok(200, "GET", pathOf(client.id))).toEqual({ client });
    expect(await list()).toContainEqual(client);
  });

  test("with everything that can be said of it", async () => {
    const terms = {
      name: "Ünïcødé ☕",
      authMethod: "client_secret",
      grantTypes: ["authorization_code", "client_credentials", DEVICE_CODE],
      redirectUris: [
        "https://notes.example/callback",
        "com.example.notes:/callback",
        "http://127.0.0.1/callback",
      ],
      postLogoutRedirectUris: ["https://notes.example/bye"],
      origins: ["https://notes.example"],
      scope: "openid email offline_access orders:read",
      audiences: ["orders"],
      algorithm: "EdDSA",
      requiresDpop: true,
      requiresPushedRequests: true,
      backchannelLogoutUri: "https://notes.example/logout",
    };
    expect((await create(terms)).client).toMatchObject(terms);
    const { lines } = await ok(200, "GET", "/api/admin/keys");
    expect(lines).toContainEqual(
      expect.objectContaining({
        algorithm: "EdDSA",
        signingKid: expect.any(String),
        nextKid: expect.any(String),
      }),
    );
  });

  test("with its secret told once, and nowhere else", async () => {
    const { client, secret } = await create(SERVICE);
    expect(secret).toMatch(SECRET);
    for (const path of [pathOf(client.id), `${PATH}?limit=200`]) {
      expect((await call("GET", path)).text).not.toContain(secret);
    }
    for (const hidden of ["hash", "tokensId", await tokensIdOf(client.id)]) {
      expect((await call("GET", pathOf(client.id))).text).not.toContain(hidden);
    }
  });

  test("with its keys, or with none of the two that have no secret", async () => {
    const { client, secret } = await create(KEYED);
    expect(secret).toBeNull();
    expect(client.jwks).toEqual({ keys: [expect.objectContaining(PUBLIC_JWK)] });
  });
});

test("each refusal names its field, and nothing is kept of it", async () => {
  const uris = Array.from({ length: 21 }, (_, index) => `https://notes.example/${index}`);
  const rows: [field: string, body: unknown][] = [
    ["body", "not JSON"],
    ["body", []],
    ["body", null],
    ...["", " ", "a".repeat(81), "a\u0000b", "a\nb", "\u202enotes", 7, null].map(
      (name): [string, unknown] => ["name", { ...APP, name }],
    ),
    ...["", "client_secret_basic", null, 1].map((authMethod): [string, unknown] => [
      "authMethod",
      { ...APP, authMethod },
    ]),
    ...[
      [],
      ["password"],
      ["implicit"],
      "authorization_code",
      ["authorization_code", "authorization_code"],
    ].map((grantTypes): [string, unknown] => ["grantTypes", { ...APP, grantTypes }]),
    ["grantTypes", { ...SERVICE, authMethod: "none" }],
    ...[
      [],
      uris,
      ["https://notes.example/*"],
      ["http://notes.example/callback"],
      ["https://notes.example/#x"],
      ["javascript:alert(1)"],
      [...APP.redirectUris, ...APP.redirectUris],
      [{}],
    ].map((redirectUris): [string, unknown] => ["redirectUris", { ...APP, redirectUris }]),
    ["redirectUris", { ...SERVICE, redirectUris: APP.redirectUris }],
    ["postLogoutRedirectUris", { ...APP, postLogoutRedirectUris: ["nowhere"] }],
    ["origins", { ...APP, origins: ["https://notes.example/callback"] }],
    ["origins", { ...APP, origins: ["*"] }],
    ...["openid  email", "email", "ä", "x".repeat(1001), 7, null].map((scope): [string, unknown] => [
      "scope",
      { ...APP, scope },
    ]),
    ["scope", { ...SERVICE, scope: "openid" }],
    ["audiences", { ...SERVICE, audiences: [] }],
    ["audiences", { ...SERVICE, audiences: ["nobody"] }],
    ["audiences", { ...SERVICE, audiences: ["orders", "orders"] }],
    ["audiences", { ...SERVICE, audiences: ["or\u0000ders"] }],
    ...["HS256", "PS256", "none", null].map((algorithm): [string, unknown] => [
      "algorithm",
      { ...APP, algorithm },
    ]),
    ["requiresDpop", { ...APP, requiresDpop: 1 }],
    ["requiresPushedRequests", { ...APP, requiresPushedRequests: "true" }],
    ...["", "logout", "http://notes.example/", "https://127.0.0.1/", "https://notes.example/#x", 7].map(
      (backchannelLogoutUri): [string, unknown] => ["backchannelLogoutUri", { ...APP, backchannelLogoutUri }],
    ),
    ["jwks", { ...KEYED, jwks: undefined }],
    ["jwks", { ...APP, jwks: KEYED.jwks }],
    ["jwks", { ...KEYED, jwks: { keys: [PRIVATE_JWK] } }],
    ["jwks", { ...KEYED, jwks: "text" }],
    ...["", "jwks", "file:///etc/passwd", "http://billing.example/jwks", "https://[::1]/"].map(
      (jwksUri): [string, unknown] => ["jwksUri", { ...KEYED, jwks: undefined, jwksUri }],
    ),
    ["jwksUri", { ...KEYED, jwksUri: "https://billing.example/jwks" }],
    ["jwksUri", { ...APP, jwksUri: "https://billing.example/jwks" }],
    ...["id", "secret", "secretHash", "tokensId", "hasPreviousSecret", "createdAt"].map(
      (field): [string, unknown] => [field, { ...APP, [field]: "mine" }],
    ),
  ];
  const before = await list();
  for (const [field, body] of rows) {
    const row = `${field}: ${JSON.stringify(body)?.slice(0, 100)}`;
    const answer = await call("POST", PATH, body);
    expectProblem(answer, 400, row, "invalid_request");
    expect.soft(Object.keys(problemOf(answer).errors ?? {}), row).toEqual([field]);
    expect.soft(answer.text, row).not.toContain(PRIVATE_JWK.d);
  }
  expect(await list()).toEqual(before);
});

test("a change is of what is said alone", async () => {
  const { client } = await create({ ...APP, scope: "openid email" });
  const path = pathOf(client.id);
  const updatedAt = expect.stringMatching(INSTANT);
  expect((await ok(200, "PATCH", path, {})).client).toEqual({ ...client, updatedAt });
  const terms = { name: "Papers", redirectUris: ["https://papers.example/"], requiresDpop: true };
  expect((await ok(200, "PATCH", path, terms)).client).toEqual({ ...client, ...terms, updatedAt });
  for (const [field, body] of [
    ["authMethod", { authMethod: "client_secret" }],
    ["id", { id: "client_AAAAAAAAAAAAAAAAAAAAAA" }],
    ["tokensId", { tokensId: "mine" }],
    ["redirectUris", { redirectUris: [] }],
    ["redirectUris", { grantTypes: [DEVICE_CODE] }],
    ["scope", { scope: "email" }],
    ["grantTypes", { grantTypes: ["authorization_code", "client_credentials"], audiences: ["orders"] }],
    ["audiences", { audiences: ["nobody"] }],
    ["jwks", { jwks: KEYED.jwks }],
    ["name", { name: null }],
  ] as const) {
    const answer = await call("PATCH", path, body);
    expectProblem(answer, 400, field, "invalid_request");
    expect(Object.keys(problemOf(answer).errors ?? {})).toEqual([field]);
  }
  expect((await ok(200, "GET", path)).client).toEqual({ ...client, ...terms, updatedAt });
});

test("the secrets: the newest two work, and the former one is ended", async () => {
  const { client } = await create(SERVICE);
  const path = pathOf(client.id, "/secrets");
  expectProblem(await call("DELETE", path), 404, "no former one", "not_found");
  const { secret, ...rest } = await ok(201, "POST", path);
  expect(rest).toEqual({});
  expect(secret).toMatch(SECRET);
  expect((await ok(200, "GET", pathOf(client.id))).client.hasPreviousSecret).toBe(true);
  await ok(204, "DELETE", path);
  expect((await ok(200, "GET", pathOf(client.id))).client.hasPreviousSecret).toBe(false);
});

test("no other method has secrets", async () => {
  for (const terms of [APP, KEYED]) {
    const { client } = await create(terms);
    for (const method of ["POST", "DELETE"]) {
      expectProblem(await call(method, pathOf(client.id, "/secrets")), 404, terms.authMethod, "not_found");
    }
  }
});

test("what a client holds is taken back, and it may ask for more", async () => {
  const person = await target().signUp(freshEmail());
  const { client } = await create(SERVICE);
  const held = [await letIn(client.id, person), await letIn(client.id, admin), await tokensIdOf(client.id)];
  expect(await ok(200, "POST", pathOf(client.id, "/revoke"), { reason: "found in a mail" })).toEqual({
    revoked: 2,
  });
  expect(await deniedAmong([...held, person.sessionId, admin.sessionId])).toEqual(held.toSorted());
  expect(await ok(200, "POST", pathOf(client.id, "/revoke"), {})).toEqual({ revoked: 0 });
  expect(await deniedAmong([await tokensIdOf(client.id)])).toEqual([]);
  for (const body of [{ reason: 7 }, { reason: "a".repeat(201) }]) {
    const answer = await call("POST", pathOf(client.id, "/revoke"), body);
    expectProblem(answer, 400, JSON.stringify(body), "invalid_request");
  }
});

test("a client that is removed is gone, and what it held is refused", async () => {
  const { client } = await create(SERVICE);
  const held = [await letIn(client.id, admin), await tokensIdOf(client.id)];
  await ok(204, "DELETE", pathOf(client.id));
  expect(await deniedAmong(held)).toEqual(held.toSorted());
  expectProblem(await call("GET", pathOf(client.id)), 404, "gone", "not_found");
  expectProblem(await call("DELETE", pathOf(client.id)), 404, "gone", "not_found");
  expect((await list()).map(({ id }) => id)).not.toContain(client.id);
});

test("what names no client is not found, and no other spelling names one", async () => {
  const { client } = await create(SERVICE);
  const named = client.id.replace("client_", "");
  const rowsOf = (id: string) => [["GET", pathOf(id)] as const, ...changesOf(id).slice(1)];
  for (const id of ["client_AAAAAAAAAAAAAAAAAAAAAA", named, `CLIENT_${named}`, `${client.id}A`]) {
    for (const [method, path, body] of rowsOf(id)) {
      expectProblem(await call(method, path, body), 404, `${method} ${path}`, "not_found");
    }
  }
  for (const [method, path, body] of rowsOf(`%63lient_${named}`)) {
    expectProblem(await call(method, path, body), [400, 404], `${method} ${path}`);
  }
  expect((await ok(200, "GET", pathOf(client.id))).client).toEqual(client);
});

test("pages of a list hold each client once, the newest first", async () => {
  for (let count = 0; count < 5; count += 1) await create(APP);
  const all = (await list()).map(({ id }) => id);
  const seen = await throughPages(async (query) => {
    const { clients, nextCursor } = await ok(200, "GET", `${PATH}?${query}`);
    return { items: clients.map(({ id }: { id: string }) => id), nextCursor };
  });
  expect(seen).toEqual(all);
  expect(new Set(all).size).toBe(all.length);
  for (const query of WRONG_PAGES) {
    expectProblem(await call("GET", `${PATH}?${query}`), 400, query);
  }
});

const changesOf = (id: string): [method: string, path: string, body?: unknown][] => [
  ["POST", PATH, APP],
  ["PATCH", pathOf(id), { name: "Papers" }],
  ["DELETE", pathOf(id)],
  ["POST", pathOf(id, "/secrets")],
  ["DELETE", pathOf(id, "/secrets")],
  ["POST", pathOf(id, "/revoke"), {}],
];

test("a change needs a fresh sign-in, a look does not", async () => {
  const { client } = await create(SERVICE);
  const tired = await target().logIn(target().admin);
  await ageSession(target().running.databaseUrl, tired.sessionId);
  const refreshed = await target().sendAs(tired, { method: "POST", path: "/api/auth/refresh" });
  const access = /__Host-Http-access=([^;]+)/.exec(refreshed.setCookies.join("\n"))?.[1] ?? "";
  const before = await list();
  for (const [method, path, body] of changesOf(client.id)) {
    const answer = await call(method, path, body, { ...tired, access });
    expectProblem(answer, 403, `${method} ${path}`, "reauthentication_required");
  }
  for (const path of [PATH, pathOf(client.id)]) {
    expect((await call("GET", path, undefined, { ...tired, access })).status).toBe(200);
  }
  expect(await list()).toEqual(before);
});

test("nobody but an administrator gets anywhere, and nobody from another site", async () => {
  const { client } = await create(SERVICE);
  const person = await target().signUp(freshEmail());
  const before = await list();
  for (const [method, path, body] of [
    ...changesOf(client.id),
    ["GET", PATH] as const,
    ["GET", pathOf(client.id)] as const,
  ]) {
    const row = `${method} ${path}`;
    expectProblem(await call(method, path, body, person), 403, row, "forbidden");
    const anonymous = await target().send({ method, path, body, headers: { origin: target().origin } });
    expectProblem(anonymous, 401, row, "not_authenticated");
    if (method === "GET") continue;
    const headers = { origin: "https://evil.example" };
    const foreign = await target().sendAs({ access: admin.access }, { method, path, body, headers });
    expectProblem(foreign, 403, row, "foreign_origin");
  }
  expect(await list()).toEqual(before);
});
