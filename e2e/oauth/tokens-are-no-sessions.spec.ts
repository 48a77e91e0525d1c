import { cookieHeader } from "../attacks/support/cookies";
import { expectHarmless, expectInvalidToken, expectSignedOut } from "../attacks/support/refusals";
import type { Person } from "../attacks/support/target";
import { signInThrough } from "./support/browser";
import { CLIENT_CREDENTIALS, register } from "./support/client";
import { basic, post, readJson } from "./support/endpoints";
import { addAudience, expect, sceneOfFile, test } from "./support/scene";

/** A client's tokens open nothing of our own, an administrator's no more than anybody's; nor the reverse. */
const scene = sceneOfFile();
let administrator: Person;
let accessTokens: [row: string, token: string][];
let refreshToken: string;
test.beforeAll(async () => {
  administrator = scene().administrator;
  const client = await register(scene());
  const scope = "openid email offline_access";
  const tokens = await signInThrough(scene(), client, administrator, { scope });
  refreshToken = tokens.refresh_token ?? "";
  const orders = await addAudience(scene());
  const service = await register(
    scene(),
    { grantTypes: [CLIENT_CREDENTIALS], audiences: [orders], scope: "orders:read" },
    "client_secret_basic",
  );
  const own = await post(scene(), "/oauth/token", { grant_type: CLIENT_CREDENTIALS }, basic(service));
  const forService = await register(scene(), { audiences: [orders] });
  const forOrders = await signInThrough(scene(), forService, administrator, {
    scope: "offline_access",
  });
  accessTokens = [
    ["access token", tokens.access_token],
    ["ID token", tokens.id_token ?? ""],
    ["refresh token", refreshToken],
    ["a client's own", String(readJson(own).access_token)],
    ["a person's for a service alone", forOrders.access_token],
  ];
});

test("not at our API: neither as a bearer nor as a cookie", async () => {
  for (const [row, token] of accessTokens) {
    for (const path of ["/api/auth/session", "/api/sessions", "/api/admin/clients", "/api/apps"]) {
      expectInvalidToken(
        await scene().send({ path, headers: { authorization: `Bearer ${token}` } }),
        `${row}, bearer at ${path}`,
      );
      expectSignedOut(
        await scene().send({ path, headers: { cookie: cookieHeader({ access: token }) } }),
        `${row}, cookie at ${path}`,
      );
    }
  }
});

test("not at our pages", async () => {
  for (const [row, token] of accessTokens) {
    for (const path of ["/account", "/account/apps", "/admin/clients", "/device"]) {
      for (const held of [{ access: token }, { refresh: token }, { access: token, refresh: token }]) {
        const answer = await scene().send({ path, headers: { cookie: cookieHeader(held) } });
        expectHarmless(answer, `${row} at ${path}`);
        expect.soft([303, 307], `${row} at ${path}`).toContain(answer.status);
        expect.soft(answer.headers.location, `${row} at ${path}`).toMatch(/\/login/);
      }
    }
  }
});

test("not to authorize another client with", async () => {
  for (const [row, token] of accessTokens) {
    for (const headers of [
      { cookie: cookieHeader({ access: token }) },
      { authorization: `Bearer ${token}` },
    ]) {
      const path = "/oauth/authorize?prompt=none&client_id=x";
      const answer = await scene().send({ path, headers });
      expect.soft(answer.headers.location ?? "", row).not.toContain("code=");
    }
  }
});

test("a client's refresh token refreshes no browser, and is not spent by the attempt", async () => {
  const attempts = [
    await scene().sendAs({ refresh: refreshToken }, { method: "POST", path: "/api/auth/refresh" }),
    await scene().sendAs({ refresh: refreshToken }, { path: "/api/auth/session" }),
  ];
  for (const answer of attempts) {
    expectHarmless(answer, "as a cookie");
    expect(answer.status).toBe(401);
  }
  const out = await scene().sendAs({ refresh: refreshToken }, { method: "POST", path: "/api/auth/logout" });
  expectHarmless(out, "sign-out with it");
  const [row] = await scene().sql<{ generation: number; ended_at: Date | null }>(
    "SELECT generation, ended_at FROM sessions WHERE is_offline",
  );
  expect(row).toMatchObject({ generation: 0, ended_at: null });
});

test("userinfo takes a client's token, and no session's or service's", async () => {
  const ask = (token: string) =>
    scene().send({ path: "/oauth/userinfo", headers: { authorization: `Bearer ${token}` } });
  const [[, accessToken] = ["", ""], ...others] = accessTokens;
  expect((await ask(accessToken)).status).toBe(200);
  for (const [row, token] of [...others, ["a session's own", administrator.access] as const]) {
    const answer = await ask(token);
    expectHarmless(answer, row);
    expect.soft([401, 403], row).toContain(answer.status);
    expect
      .soft(answer.headers["www-authenticate"] ?? "none", row)
      .toMatch(/^Bearer\b.*error="(invalid_token|insufficient_scope)"/);
  }
  const byCookie = await scene().send({
    path: "/oauth/userinfo",
    headers: { cookie: cookieHeader(administrator) },
  });
  expect(byCookie.status, "a cookie").toBe(401);
  const inQuery = await scene().send({ path: `/oauth/userinfo?access_token=${accessToken}` });
  expect(inQuery.status, "in the address").toBe(401);
});
