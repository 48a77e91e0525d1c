import { randomUUID } from "node:crypto";
import * as oauth from "oauth4webapi";
import { signInThrough } from "./support/browser";
import { CLIENT_CREDENTIALS, type Client, refresh, register, userInfo } from "./support/client";
import { basic, expectOAuthError, post, readJson } from "./support/endpoints";
import { ANYWHERE, callAsAdministrator, expect, sceneOfFile, test } from "./support/scene";

/** RFC 7009 and RFC 7662: who may take a token back, and who may ask about one. */
const scene = sceneOfFile();
const OFFLINE = { scope: "openid email offline_access" };

async function revoke(client: Client, token: string, hint?: string): Promise<void> {
  const response = await oauth.revocationRequest(
    scene().server,
    client.library,
    client.authentication,
    token,
    {
      ...ANYWHERE,
      ...(hint ? { additionalParameters: { token_type_hint: hint } } : {}),
    },
  );
  await oauth.processRevocationResponse(response);
}

async function introspect(client: Client, token: string): Promise<oauth.IntrospectionResponse> {
  const response = await oauth.introspectionRequest(
    scene().server,
    client.library,
    client.authentication,
    token,
    ANYWHERE,
  );
  return oauth.processIntrospectionResponse(scene().server, client.library, response);
}

const isAlive = (client: Client, accessToken: string, subject: string): Promise<boolean> =>
  userInfo(scene(), client, accessToken, subject).then(
    () => true,
    () => false,
  );

for (const authentication of ["none", "client_secret_basic", "private_key_jwt"] as const) {
  test(`${authentication}: a refresh token is revoked with all that it gave, an access token alone`, async () => {
    const client = await register(scene(), {}, authentication);
    const person = await scene().signUp();
    const tokens = await signInThrough(scene(), client, person, OFFLINE);
    expect(await isAlive(client, tokens.access_token, person.userId)).toBe(true);
    await revoke(client, tokens.access_token, "unknown_hint");
    expect(await isAlive(client, tokens.access_token, person.userId)).toBe(false);
    const next = await refresh(scene(), client, tokens.refresh_token ?? "");
    expect(await isAlive(client, next.access_token, person.userId)).toBe(true);
    await revoke(client, next.refresh_token ?? "", "access_token");
    await revoke(client, next.refresh_token ?? "", "refresh_token");
    expect(await isAlive(client, next.access_token, person.userId)).toBe(false);
    const own = await scene().sendAs({ access: person.access }, { path: "/api/auth/session" });
    expect(own.status, "the browser session goes on").toBe(200);
  });
}

test("revoking a refresh token leaves nothing that could be refreshed", async () => {
  const client = await register(scene());
  const tokens = await signInThrough(scene(), client, await scene().signUp(), OFFLINE);
  const refresh_token = tokens.refresh_token ?? "";
  await revoke(client, refresh_token);
  expectOAuthError(
    await post(scene(), "/oauth/token", {
      grant_type: "refresh_token",
      refresh_token,
      client_id: client.client_id,
    }),
    400,
    "invalid_grant",
    "revoked",
  );
});

test("what is not the client's own is revoked by nobody, and the answer does not say so", async () => {
  const [owner, other] = [await register(scene()), await register(scene(), {}, "client_secret_basic")];
  const person = await scene().signUp();
  const tokens = await signInThrough(scene(), owner, person, OFFLINE);
  for (const token of [
    tokens.access_token,
    tokens.refresh_token ?? "",
    tokens.id_token ?? "",
    person.access,
    person.refresh,
    "nonsense",
    "x".repeat(4_000),
  ])
    await revoke(other, token);
  await revoke(owner, person.access);
  await revoke(owner, person.refresh);
  expect(await isAlive(owner, tokens.access_token, person.userId)).toBe(true);
  const own = await scene().sendAs({ access: person.access }, { path: "/api/auth/session" });
  expect(own.status).toBe(200);
});

test("revocation and introspection are refused to who does not say, or prove, who they are", async () => {
  const confidential = await register(scene(), {}, "client_secret_basic");
  const publicClient = await register(scene());
  const { client_id } = confidential;
  for (const path of ["/oauth/revoke", "/oauth/introspect"]) {
    for (const parameters of [
      { token: "x" },
      { token: "x", client_id },
      { token: "x", client_id, client_secret: "y" },
    ])
      expectOAuthError(
        await post(scene(), path, parameters),
        401,
        "invalid_client",
        `${path} ${JSON.stringify(parameters)}`,
      );
    expectOAuthError(
      await post(scene(), path, {}, basic(confidential)),
      400,
      "invalid_request",
      `${path} without a token`,
    );
    expectOAuthError(
      await post(
        scene(),
        path,
        [
          ["token", "x"],
          ["token", "y"],
        ],
        basic(confidential),
      ),
      400,
      "invalid_request",
      `${path} with two`,
    );
  }
  const byPublic = await post(scene(), "/oauth/introspect", {
    token: "x",
    client_id: publicClient.client_id,
  });
  expectOAuthError(byPublic, 401, "invalid_client", "a public client asks");
});

test("a client asks about its own tokens, and hears nothing of others", async () => {
  const client = await register(scene(), {}, "client_secret_basic");
  const other = await register(scene(), {}, "client_secret_post");
  const person = await scene().signUp();
  const tokens = await signInThrough(scene(), client, person, OFFLINE);
  expect(await introspect(client, tokens.access_token)).toMatchObject({
    active: true,
    client_id: client.client_id,
    sub: person.userId,
    scope: OFFLINE.scope,
    aud: scene().server.userinfo_endpoint,
    iss: scene().origin,
    exp: expect.any(Number),
    iat: expect.any(Number),
  });
  expect(await introspect(client, tokens.refresh_token ?? "")).toMatchObject({
    active: true,
    client_id: client.client_id,
  });
  const nothing = { active: false };
  for (const token of [tokens.access_token, tokens.refresh_token ?? ""])
    expect(await introspect(other, token)).toEqual(nothing);
  for (const token of [
    tokens.id_token ?? "",
    person.access,
    person.refresh,
    "x",
    `${tokens.access_token}x`,
    "x".repeat(4_000),
  ])
    expect(await introspect(client, token)).toEqual(nothing);
  await revoke(client, tokens.refresh_token ?? "");
  expect(await introspect(client, tokens.access_token)).toEqual(nothing);
  expect(await introspect(client, tokens.refresh_token ?? "")).toEqual(nothing);
});

test("a service asks with its feed token about the tokens that are for it", async () => {
  const [identifier, elsewhere] = [`orders-${randomUUID()}`, `stock-${randomUUID()}`];
  const add = (name: string) =>
    callAsAdministrator<{ feedToken: string }>(scene(), "POST", "/api/admin/audiences", {
      identifier: name,
      profile: "mesh",
    });
  const [own, foreign] = [await add(identifier), await add(elsewhere)];
  const client = await register(
    scene(),
    { grantTypes: [CLIENT_CREDENTIALS], audiences: [identifier], scope: "orders:read" },
    "client_secret_basic",
  );
  const answer = await post(scene(), "/oauth/token", { grant_type: CLIENT_CREDENTIALS }, basic(client));
  const token = String(readJson(answer).access_token);
  const askAs = (feedToken: string, about = token) =>
    post(scene(), "/oauth/introspect", { token: about }, { authorization: `Bearer ${feedToken}` });
  const told = await askAs(own.feedToken);
  expect(told.headers["cache-control"]).toBe("no-store");
  expect(readJson(told)).toMatchObject({ active: true, sub: client.client_id, aud: identifier });
  expect((await askAs(foreign.feedToken)).text).toBe('{"active":false}');
  expect((await askAs(own.feedToken, "x")).text).toBe('{"active":false}');
  const stranger = await askAs(`latchkey_feed_${"A".repeat(43)}`);
  expect(stranger.status).toBe(401);
  expect(stranger.text).not.toContain("active");
});
