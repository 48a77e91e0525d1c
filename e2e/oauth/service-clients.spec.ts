import { decodeJwt, decodeProtectedHeader } from "jose";
import * as oauth from "oauth4webapi";
import { CLIENT_CREDENTIALS, type Client, register } from "./support/client";
import { basic, expectOAuthError, post, readJson } from "./support/endpoints";
import { ANYWHERE, addAudience, callAsAdministrator, expect, sceneOfFile, test } from "./support/scene";

/** A service that has tokens of its own: `client_credentials` (RFC 6749 section 4.4). */
const scene = sceneOfFile();
const METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"] as const;

const registerService = (audiences: string[], method: (typeof METHODS)[number] = "client_secret_basic") =>
  register(
    scene(),
    { grantTypes: [CLIENT_CREDENTIALS], audiences, scope: "orders:read orders:write" },
    method,
  );

async function tokensFor(client: Client, parameters: Record<string, string> = {}) {
  const response = await oauth.clientCredentialsGrantRequest(
    scene().server,
    client.library,
    client.authentication,
    parameters,
    ANYWHERE,
  );
  return oauth.processClientCredentialsResponse(scene().server, client.library, response);
}

const ask = (client: Client, parameters: Record<string, string>) =>
  post(scene(), "/oauth/token", { grant_type: CLIENT_CREDENTIALS, ...parameters }, basic(client));

for (const method of METHODS) {
  test(`${method}: a token that speaks for the client alone`, async () => {
    const audience = await addAudience(scene());
    const client = await registerService([audience], method);
    const tokens = await tokensFor(client);
    expect(tokens).toEqual({
      access_token: expect.any(String),
      token_type: "bearer",
      expires_in: expect.any(Number),
      scope: "orders:read orders:write",
    });
    expect(decodeProtectedHeader(tokens.access_token).typ).toBe("at+jwt");
    expect(decodeJwt(tokens.access_token)).toEqual({
      iss: scene().origin,
      aud: audience,
      sub: client.client_id,
      client_id: client.client_id,
      scope: "orders:read orders:write",
      sid: expect.any(String),
      jti: expect.any(String),
      iat: expect.any(Number),
      nbf: expect.any(Number),
      exp: expect.any(Number),
    });
  });
}

test("scope and resource are what was asked, among what is registered", async () => {
  const [first, second] = [await addAudience(scene()), await addAudience(scene())];
  const client = await registerService([first, second]);
  const tokens = await tokensFor(client, { scope: "orders:read", resource: second });
  expect(tokens.scope).toBe("orders:read");
  expect(decodeJwt(tokens.access_token)).toMatchObject({ aud: second, scope: "orders:read" });
  expect(decodeJwt((await tokensFor(client)).access_token).aud).toBe(first);
  const rows: [parameters: Record<string, string>, error: string][] = [
    [{ scope: "orders:delete" }, "invalid_scope"],
    [{ scope: "openid" }, "invalid_scope"],
    [{ scope: "offline_access" }, "invalid_scope"],
    [{ scope: "x".repeat(10_240) }, "invalid_scope"],
    [{ scope: 'a"b' }, "invalid_scope"],
    [{ resource: await addAudience(scene()) }, "invalid_target"],
    [{ resource: scene().origin }, "invalid_target"],
    [{ resource: `${scene().origin}/oauth/userinfo` }, "invalid_target"],
  ];
  for (const [parameters, error] of rows)
    expectOAuthError(await ask(client, parameters), 400, error, JSON.stringify(parameters).slice(0, 80));
});

test("its subject is never a person's, and no person can be asked for", async () => {
  const person = await scene().signUp();
  const client = await registerService([await addAudience(scene())]);
  const hopes = {
    sub: person.userId,
    subject: person.userId,
    username: person.email,
    assertion: person.access,
  };
  const answer = await ask(client, hopes);
  expect(decodeJwt(String(readJson(answer).access_token)).sub).toBe(client.client_id);
  expect(client.client_id).toMatch(/^client_[\w-]{22}$/);
});

test("only a client that is registered for it", async () => {
  const forPeople = await register(scene(), {}, "client_secret_basic");
  expectOAuthError(await ask(forPeople, {}), 400, "unauthorized_client", "for people alone");
  const publicClient = await register(scene());
  expectOAuthError(
    await post(scene(), "/oauth/token", {
      grant_type: CLIENT_CREDENTIALS,
      client_id: publicClient.client_id,
    }),
    400,
    "unauthorized_client",
    "public",
  );
});

test("a client that does not prove who it is gets nothing", async () => {
  const client = await registerService([await addAudience(scene())]);
  const other = await registerService([await addAudience(scene())]);
  const { client_id, secret } = client;
  const form = { grant_type: CLIENT_CREDENTIALS };
  const rows: [row: string, parameters: Record<string, string>, headers: Record<string, string>][] = [
    ["nothing", { ...form }, {}],
    ["its name alone", { ...form, client_id }, {}],
    ["a wrong secret", { ...form, client_id, client_secret: `${secret}x` }, {}],
    ["another's secret", { ...form, client_id, client_secret: other.secret }, {}],
    ["no such client", { ...form, client_id: `client_${"A".repeat(22)}`, client_secret: secret }, {}],
    ["Basic without a secret", form, { authorization: `Basic ${btoa(`${client_id}:`)}` }],
    ["Basic that is none", form, { authorization: "Basic %%%" }],
    ["Bearer", form, { authorization: `Bearer ${secret}` }],
  ];
  for (const [row, parameters, headers] of rows) {
    const answer = await post(scene(), "/oauth/token", parameters, headers);
    expectOAuthError(answer, 401, "invalid_client", row);
    if (headers.authorization?.startsWith("Basic"))
      expect.soft(answer.headers["www-authenticate"], row).toMatch(/^Basic\b/);
  }
  const twice = await post(
    scene(),
    "/oauth/token",
    { ...form, client_id, client_secret: secret },
    basic(client) as Record<string, string>,
  );
  expectOAuthError(twice, 400, "invalid_request", "two methods at once");
});

test("tokens end when an administrator takes the client's away", async () => {
  const audience = await addAudience(scene());
  const client = await registerService([audience]);
  const tokens = await tokensFor(client);
  const isActive = async () => {
    const response = await oauth.introspectionRequest(
      scene().server,
      client.library,
      client.authentication,
      tokens.access_token,
      ANYWHERE,
    );
    return (await oauth.processIntrospectionResponse(scene().server, client.library, response)).active;
  };
  expect(await isActive()).toBe(true);
  await callAsAdministrator(scene(), "POST", `/api/admin/clients/${client.client_id}/revoke`, {});
  expect(await isActive()).toBe(false);
  expect((await ask(client, {})).status, "and it gets new ones").toBe(200);
});
