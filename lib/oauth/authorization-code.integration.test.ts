import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it, test, vi } from "vitest";
import { COMMAND_LINE } from "@/lib/audit/actor";
import { raceOf } from "@/lib/identity/testing/test-house";
import { endSessions } from "@/lib/sessions/end-sessions";
import type { SessionWithUser } from "@/lib/sessions/session";
import { changeClient } from "./manage-clients";
import { type OAuthHouse, openOAuthHouse, type RegisteredClient } from "./testing/oauth-house";

const REFUSED = { code: "invalid_grant" };
const RACERS = 50;
const WAIT = { timeout: 10_000, interval: 10 };

let house: OAuthHouse;
let app: RegisteredClient;
let browser: SessionWithUser;
beforeAll(async () => {
  house = await openOAuthHouse();
  app = await house.addClient();
});
afterAll(() => house.close());
beforeEach(async () => {
  browser = await house.signedIn();
});

const endBrowser = () =>
  endSessions(house.oauth.sessions, { kind: "ids", ids: [browser.id], ownedBy: null }, "revoked_by_admin", {
    actorId: null,
    client: null,
    details: {},
  });

it("gets an access token for the service, an ID token for the client, and a refresh token", async () => {
  const response = await house.token(app, { ...(await house.code(app, browser)) });
  expect(response).toMatchObject({
    token_type: "Bearer",
    expires_in: 600,
    scope: "openid email offline_access orders:read",
    refresh_token: expect.stringMatching(/^[\w-]{112}$/),
  });
  const claims = await house.claims(response.access_token);
  expect(claims).toMatchObject({ sub: browser.userId, client_id: app.id });
  expect(claims).not.toHaveProperty("role");
  expect(claims?.sid).not.toBe(browser.id);
  const id = response.id_token ?? "";
  expect(decodeProtectedHeader(id)).toMatchObject({ alg: "ES256", typ: "JWT" });
  expect(decodeJwt(id)).toMatchObject({
    iss: "https://login.example.com",
    aud: app.id,
    sub: browser.userId,
    nonce: "n-0S6_WzA2Mj",
    sid: claims?.sid,
    auth_time: Math.floor(browser.authenticatedAt.getTime() / 1000),
  });
});

it("gets no refresh token without offline_access, and no ID token without openid", async () => {
  const online = await house.token(app, { ...(await house.code(app, browser, { scope: "orders:read" })) });
  expect(online).not.toHaveProperty("refresh_token");
  expect(online).not.toHaveProperty("id_token");
});

it("is good for a minute", async () => {
  const [early, late] = [await house.code(app, browser), await house.code(app, browser)];
  house.clock.advanceSeconds(59.999);
  expect(await house.token(app, { ...early })).toHaveProperty("access_token");
  house.clock.advanceSeconds(0.001);
  await expect(house.token(app, { ...late })).rejects.toMatchObject(REFUSED);
});

it("of which nothing is left for its client is refused, and good once something is again", async () => {
  const client = await house.addClient();
  const code = await house.code(client, browser, { scope: "orders:read" });
  await changeClient(house.oauth, client.id, { scope: "orders:write" }, COMMAND_LINE);
  await expect(house.token(client, { ...code })).rejects.toMatchObject({ code: "invalid_scope" });
  await changeClient(house.oauth, client.id, { scope: "orders:read" }, COMMAND_LINE);
  expect(await house.token(client, { ...code })).toMatchObject({ scope: "orders:read" });
});

it("outlives its browser session only if its client may still ask for that", async () => {
  const client = await house.addClient();
  const code = await house.code(client, browser, { scope: "openid offline_access" });
  await changeClient(house.oauth, client.id, { scope: "openid" }, COMMAND_LINE);
  const response = await house.token(client, { ...code });
  expect(response).toMatchObject({ scope: "openid" });
  expect(response).not.toHaveProperty("refresh_token");
  const [grant] = await house.oauth.stores.sessions.listLiveGrants(browser.userId, 1, house.clock.now());
  expect(grant?.grant).toMatchObject({ isOffline: false });
});

describe("with a resource", () => {
  test.each(["payroll", "https://nonsense.example"])(
    "that it was not given for (%j), is refused and stays good",
    async (resource) => {
      const code = await house.code(app, browser);
      const refused = house.token(app, { ...code, resource });
      await expect(refused).rejects.toMatchObject({ code: "invalid_target" });
      expect(await house.token(app, { ...code, resource: "orders" })).toHaveProperty("access_token");
    },
  );
});

describe("shown again", () => {
  it("by somebody who knows all of it, ends what was got for it", async () => {
    const code = await house.code(app, browser);
    const { access_token, refresh_token = "" } = await house.token(app, { ...code });
    await expect(house.token(app, { ...code })).rejects.toMatchObject(REFUSED);
    expect(await house.claims(access_token)).toBeNull();
    await expect(house.token(app, { grant_type: "refresh_token", refresh_token })).rejects.toMatchObject(
      REFUSED,
    );
    expect((await house.events("authorization_code.replayed")).at(-1)).toMatchObject({
      user_id: browser.userId,
      ip: "198.51.100.7",
      details: { clientId: app.id },
    });
    expect(await house.session(browser.id)).toMatchObject({ endedAt: null });
  });

  it("after its minute too", async () => {
    const code = await house.code(app, browser);
    const { access_token } = await house.token(app, { ...code });
    house.clock.advanceSeconds(120);
    await expect(house.token(app, { ...code })).rejects.toMatchObject(REFUSED);
    expect(await house.claims(access_token)).toBeNull();
  });

  test.each<[string, (code: { code_verifier: string; redirect_uri: string }) => Record<string, string>]>([
    ["with another verifier", () => ({ code_verifier: "v".repeat(43) })],
    ["with another redirect URI", () => ({ redirect_uri: "https://app.example/other" })],
  ])("%s, ends nothing", async (_what, change) => {
    const code = await house.code(app, browser);
    const { access_token } = await house.token(app, { ...code });
    await expect(house.token(app, { ...code, ...change(code) })).rejects.toMatchObject(REFUSED);
    expect(await house.claims(access_token)).not.toBeNull();
  });

  it("without a verifier, or by another client, ends nothing", async () => {
    const { code_verifier: _, ...code } = await house.code(app, browser);
    const { access_token } = await house.token(app, { ...code, code_verifier: _ });
    await expect(house.token(app, code)).rejects.toMatchObject(REFUSED);
    const other = await house.addClient();
    await expect(house.token(other, { ...code, code_verifier: _ })).rejects.toMatchObject(REFUSED);
    expect(await house.claims(access_token)).not.toBeNull();
  });

  it("fifty times at once, is good for one of them, and what that one got ends", async () => {
    const code = await house.code(app, browser);
    const race = await raceOf(Array.from({ length: RACERS }, () => house.token(app, { ...code })));
    expect(race.succeeded).toHaveLength(1);
    expect(race.refusals.map(String)).toEqual(Array(RACERS - 1).fill("invalid_grant"));
    expect(await house.claims(race.succeeded[0]?.access_token ?? "")).toBeNull();
    expect(await house.oauth.stores.sessions.listLiveGrants(browser.userId, 50, house.clock.now())).toEqual(
      [],
    );
  });
});

describe("is refused, and stays good for its own client", () => {
  test.each<[string, Record<string, string>]>([
    ["with another verifier", { code_verifier: "v".repeat(43) }],
    ["with one that is too short", { code_verifier: "v".repeat(42) }],
    ["with another redirect URI", { redirect_uri: "https://app.example/other" }],
    ["with one that differs by a slash", { redirect_uri: "https://app.example/callback/" }],
  ])("%s", async (_what, change) => {
    const code = await house.code(app, browser);
    await expect(house.token(app, { ...code, ...change })).rejects.toMatchObject(REFUSED);
    expect(await house.token(app, { ...code })).toHaveProperty("access_token");
  });

  it("of another client", async () => {
    const other = await house.addClient();
    const code = await house.code(app, browser);
    await expect(house.token(other, { ...code })).rejects.toMatchObject(REFUSED);
    expect(await house.token(app, { ...code })).toHaveProperty("access_token");
  });

  it("by a client that cannot prove who it is", async () => {
    const web = await house.addClient({ authMethod: "client_secret" });
    const code = await house.code(web, browser);
    const thief = { ...web, secret: "latchkey_secret_guessed" };
    await expect(house.token(thief, { ...code })).rejects.toMatchObject({ code: "invalid_client" });
    await expect(house.token({ ...web, secret: null }, { ...code })).rejects.toMatchObject({
      code: "invalid_client",
    });
    expect(await house.token(web, { ...code })).toHaveProperty("access_token");
  });
});

it("is worth nothing once the sign-in that it came from has ended", async () => {
  const code = await house.code(app, browser);
  await endBrowser();
  await expect(house.token(app, { ...code })).rejects.toMatchObject(REFUSED);
  expect(await house.oauth.stores.sessions.listLiveGrants(browser.userId, 50, house.clock.now())).toEqual([]);
});

it("redeemed while its sign-in is ended leaves nothing that goes on", async () => {
  const codes = await Promise.all(Array.from({ length: 10 }, () => house.code(app, browser)));
  await Promise.allSettled([...codes.map((code) => house.token(app, { ...code })), endBrowser()]);
  expect(await house.oauth.stores.sessions.listLiveGrants(browser.userId, 50, house.clock.now())).toEqual([]);
});

it("waits for whoever hands over what its sign-in has, and holds nothing that they wait for", async () => {
  const code = await house.code(app, browser);
  await house.query("BEGIN");
  await house.query("SELECT FROM sessions WHERE id = $1 FOR UPDATE", [browser.id]);
  const redeemed = house.token(app, { ...code });
  await vi.waitFor(async () => {
    const waiting =
      "SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))";
    expect(await house.query(waiting)).not.toEqual([]);
  }, WAIT);
  await house.query("SELECT FROM authorization_codes WHERE parent_id = $1 FOR UPDATE NOWAIT", [browser.id]);
  await house.query("COMMIT");
  expect(await redeemed).toHaveProperty("access_token");
});

it("is not kept as it is", async () => {
  const { code } = await house.code(app, browser);
  const rows = await house.query(
    "SELECT row_to_json(authorization_codes)::text AS text FROM authorization_codes",
  );
  expect(JSON.stringify(rows)).not.toContain(code);
});
