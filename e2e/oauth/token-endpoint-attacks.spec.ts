import { randomUUID } from "node:crypto";
import { exportJWK, SignJWT } from "jose";
import { expectHarmless } from "../attacks/support/refusals";
import { type Client, generateKeys, register } from "./support/client";
import { basic, expectOAuthError, FORM, post } from "./support/endpoints";
import { expect, sceneOfFile, test } from "./support/scene";

/** SECURITY.md, row token endpoint, O10 and the faults of client assertions (RFC 7523). */
const scene = sceneOfFile();
let client: Client;
test.beforeAll(async () => {
  client = await register(scene(), {}, "client_secret_basic");
});

const ENDPOINTS = [
  "/oauth/token",
  "/oauth/revoke",
  "/oauth/introspect",
  "/oauth/par",
  "/oauth/device_authorization",
];

test("only POST", async () => {
  for (const path of ENDPOINTS) {
    for (const method of ["GET", "HEAD", "PUT", "DELETE", "PATCH"]) {
      const answer = await scene().send({ method, path: `${path}?grant_type=client_credentials` });
      expectHarmless(answer, `${method} ${path}`);
      expect.soft(answer.status, `${method} ${path}`).toBe(405);
    }
  }
});

test("only a form", async () => {
  const parameters = {
    grant_type: "refresh_token",
    refresh_token: "x",
    token: "x",
    client_id: client.client_id,
  };
  for (const path of ENDPOINTS) {
    const rows: [type: string | null, body: string][] = [
      ["application/json", JSON.stringify(parameters)],
      ["text/plain", new URLSearchParams(parameters).toString()],
      [
        "multipart/form-data; boundary=x",
        '--x\r\nContent-Disposition: form-data; name="token"\r\n\r\nx\r\n--x--',
      ],
      ["application/x-www-form-urlencoded-x", new URLSearchParams(parameters).toString()],
      ["", new URLSearchParams(parameters).toString()],
    ];
    for (const [type, body] of rows) {
      const headers = { ...basic(client), "content-type": type ?? "" };
      const answer = await scene().send({ method: "POST", path, headers, body });
      expectOAuthError(answer, 400, "invalid_request", `${path} ${type}`);
    }
    const large = await scene().send({
      method: "POST",
      path,
      headers: { ...basic(client), "content-type": FORM },
      body: `x=${"y".repeat(200_000)}`,
    });
    expectHarmless(large, `${path}: large`);
    expect.soft([400, 413], `${path}: large`).toContain(large.status);
  }
});

test("a form is one whatever else its type says", async () => {
  for (const more of ["; charset=ISO-8859-1", ';charset="utf-8"', " ; charset=UTF-8", ";"]) {
    const answer = await scene().send({
      method: "POST",
      path: "/oauth/token",
      headers: { ...basic(client), "content-type": `${FORM}${more}` },
      body: "grant_type=refresh_token&refresh_token=x",
    });
    expectOAuthError(answer, 400, "invalid_grant", more);
  }
});

test("parameters in the address count for nothing", async () => {
  const answer = await scene().send({
    method: "POST",
    path: "/oauth/token?grant_type=refresh_token&refresh_token=x",
    headers: { ...basic(client), "content-type": FORM },
    body: "x=y",
  });
  expectOAuthError(answer, 400, "invalid_request", "in the query");
});

test("a parameter twice is refused, an unknown one is ignored, an empty one is absent", async () => {
  const form = { grant_type: "refresh_token", refresh_token: "x" };
  for (const name of ["grant_type", "refresh_token"] as const)
    expectOAuthError(
      await post(scene(), "/oauth/token", [...Object.entries(form), [name, form[name]]], basic(client)),
      400,
      "invalid_request",
      `${name} twice`,
    );
  const targets: [string, string][] = [...Object.entries(form), ["resource", "x"], ["resource", "y"]];
  const twoTargets = await post(scene(), "/oauth/token", targets, basic(client));
  expectOAuthError(twoTargets, 400, "invalid_target", "two resources");
  const unknown = await post(scene(), "/oauth/token", { ...form, audience: "x", foo: "bar" }, basic(client));
  expectOAuthError(unknown, 400, "invalid_grant", "unknown parameters");
  const empty = await post(scene(), "/oauth/token", { ...form, refresh_token: "" }, basic(client));
  expectOAuthError(empty, 400, "invalid_request", "an empty token");
  const emptyScope = await post(scene(), "/oauth/token", { ...form, scope: "" }, basic(client));
  expectOAuthError(emptyScope, 400, "invalid_grant", "an empty scope");
});

test("what is not UTF-8, or has controls in it, harms nothing", async () => {
  for (const body of [
    "grant_type=refresh_token&refresh_token=%00",
    "grant_type=refresh_token&refresh_token=%ff%fe",
    "grant_type=refresh_token&refresh_token=%ZZ",
    "grant_type=%00&refresh_token=x",
    "__proto__=x&constructor=y&grant_type=refresh_token&refresh_token=x",
    "&&&===&&",
    "",
  ]) {
    const answer = await scene().send({
      method: "POST",
      path: "/oauth/token",
      headers: { ...basic(client), "content-type": FORM },
      body,
    });
    expectOAuthError(answer, 400, ["invalid_request", "invalid_grant", "unsupported_grant_type"], body);
  }
});

test("a form of another site is answered as any other, and no cookie speaks for anybody", async () => {
  const person = await scene().signUp();
  for (const origin of ["https://evil.example", "null", scene().origin]) {
    const answer = await post(
      scene(),
      "/oauth/token",
      { grant_type: "refresh_token", client_id: client.client_id },
      {
        origin,
        "sec-fetch-site": "cross-site",
        cookie: `__Host-Http-refresh=${person.refresh}; __Host-Http-access=${person.access}`,
      },
    );
    expectOAuthError(answer, 401, "invalid_client", origin);
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    expect(answer.setCookies).toEqual([]);
  }
});

test("a client assertion with a fault proves nothing", async () => {
  const keyed = await register(scene(), {}, "private_key_jwt");
  const other = await generateKeys("ES256");
  const endpoint = `${scene().origin}/oauth/token`;
  const now = Math.floor(Date.now() / 1000);
  const key = keyed.key as CryptoKey;
  const claims = {
    iss: keyed.client_id,
    sub: keyed.client_id,
    aud: scene().origin,
    jti: "x",
    iat: now,
    exp: now + 60,
  };
  const sign = (changes: object = {}, header: object = {}, by: CryptoKey | Uint8Array = key) =>
    new SignJWT({ ...claims, jti: randomUUID(), ...changes })
      .setProtectedHeader({ alg: "ES256", ...header })
      .sign(by);
  const send = (assertion: string, more: Record<string, string> = {}) =>
    post(scene(), "/oauth/token", {
      grant_type: "refresh_token",
      refresh_token: "x",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion,
      ...more,
    });
  const publicBytes = Buffer.from(JSON.stringify(await exportJWK(other.privateKey)));
  const rows: [row: string, assertion: string][] = [
    ["another key", await sign({}, {}, other.privateKey)],
    ["another issuer", await sign({ iss: client.client_id })],
    ["another subject", await sign({ sub: client.client_id })],
    ["another audience", await sign({ aud: "https://evil.example" })],
    ["no audience", await sign({ aud: undefined })],
    ["a list of audiences", await sign({ aud: [scene().origin, "https://evil.example"] })],
    ["expired", await sign({ exp: now - 120 })],
    ["more than an hour ahead", await sign({ exp: now + 3_700 })],
    ["no end", await sign({ exp: undefined })],
    ["no jti", await sign({ jti: undefined })],
    ["not yet", await sign({ nbf: now + 3600 })],
    ["HS256", await sign({}, { alg: "HS256" }, publicBytes)],
    ["none", `${Buffer.from('{"alg":"none"}').toString("base64url")}.${(await sign()).split(".")[1]}.`],
    ["nonsense", "x"],
  ];
  for (const [row, assertion] of rows) expectOAuthError(await send(assertion), 401, "invalid_client", row);
  const good = await sign();
  expectOAuthError(await send(good), 400, "invalid_grant", "a good one");
  expectOAuthError(await send(good), 401, "invalid_client", "the same once more");
  expectOAuthError(await send(await sign({ aud: endpoint })), 400, "invalid_grant", "for the token endpoint");
  expectOAuthError(
    await send(await sign(), { client_assertion_type: "x" }),
    400,
    "invalid_request",
    "another type",
  );
  expectOAuthError(
    await send(await sign(), { client_id: client.client_id }),
    400,
    "invalid_request",
    "under another name",
  );
  expectOAuthError(await send(await sign(), { client_secret: "x" }), 400, "invalid_request", "and a secret");
});
