import { compactDecrypt, exportJWK, generateKeyPair } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from "vitest";
import { newAudienceSchema } from "@/lib/audiences/audience-input";
import { createAudience, removeAudience } from "@/lib/audiences/manage-audiences";
import { COMMAND_LINE } from "@/lib/audit/actor";
import { changePassword } from "@/lib/identity/change-password";
import { changeUser } from "@/lib/identity/change-user";
import { signIn } from "@/lib/identity/sign-in";
import { HOME, OTHER_PASSWORD, PASSWORD, raceOf } from "@/lib/identity/testing/test-house";
import { endSessions } from "@/lib/sessions/end-sessions";
import { refreshSession } from "@/lib/sessions/refresh-session";
import type { SessionEndReason, SessionWithUser } from "@/lib/sessions/session";
import { redeemCode } from "./authorization-code";
import { disconnectApp, listConnectedApps } from "./connected-apps";
import type { TokenResponse } from "./grant";
import { introspect } from "./introspect";
import { changeClient, removeClient, revokeClient } from "./manage-clients";
import { revokeToken } from "./revoke-token";
import {
  CLI,
  type OAuthHouse,
  openOAuthHouse,
  parametersOf,
  type RegisteredClient,
} from "./testing/oauth-house";
import { answerUserinfo } from "./userinfo";

const REFUSED = { code: "invalid_grant" };

let house: OAuthHouse;
let app: RegisteredClient;
let browser: SessionWithUser;
let first: TokenResponse;
beforeAll(async () => {
  house = await openOAuthHouse();
});
afterAll(() => house.close());
beforeEach(async () => {
  app = await house.addClient();
  browser = await house.signedIn();
  first = await house.token(app, { ...(await house.code(app, browser)) });
});

const refresh = ({ refresh_token = "" }: TokenResponse, more: Record<string, string> = {}, client = app) =>
  house.token(client, { grant_type: "refresh_token", refresh_token, ...more });
const isAccepted = async ({ access_token }: TokenResponse) => (await house.claims(access_token)) !== null;
const requestOf = (client: RegisteredClient, form: Record<string, string>) => ({
  headers: new Headers(),
  parameters: parametersOf({
    client_id: client.id,
    ...(client.secret === null ? {} : { client_secret: client.secret }),
    ...form,
  }),
  from: CLI,
});
const actor = () => ({ userId: browser.userId, sessionId: browser.id, client: HOME });
const end = (id: string, reason: SessionEndReason) =>
  endSessions(house.oauth.sessions, { kind: "ids", ids: [id], ownedBy: null }, reason, {
    actorId: null,
    client: null,
    details: {},
  });

describe("a refresh token", () => {
  it("is replaced at every use, and a second use within the overlap gets the same successor", async () => {
    const [second, again] = [await refresh(first), await refresh(first)];
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(again.refresh_token).toBe(second.refresh_token);
    expect(await isAccepted(second)).toBe(true);
  });

  it("fifty times at once leads to one successor", async () => {
    const race = await raceOf(Array.from({ length: 50 }, () => refresh(first)));
    expect(race.refusals).toEqual([]);
    expect(new Set(race.succeeded.map(({ refresh_token }) => refresh_token)).size).toBe(1);
  });

  it("whose answer was lost is made good once, and a second time within twenty ends the grant", async () => {
    const second = await refresh(first);
    house.clock.advanceSeconds(3_600);
    expect((await refresh(first)).refresh_token).toBe(second.refresh_token);
    const third = await refresh(second);
    house.clock.advanceSeconds(3_600);
    await expect(refresh(second)).rejects.toMatchObject(REFUSED);
    await expect(refresh(third)).rejects.toMatchObject(REFUSED);
    expect((await house.events("refresh_token.reuse_detected")).at(-1)).toMatchObject({
      user_id: browser.userId,
    });
  });

  it("that is older than the last but one ends the grant, and every token of it", async () => {
    const third = await refresh(await refresh(first));
    await expect(refresh(first)).rejects.toMatchObject(REFUSED);
    await expect(refresh(third)).rejects.toMatchObject(REFUSED);
    expect(await isAccepted(third)).toBe(false);
    expect(await house.session(browser.id)).toMatchObject({ endedAt: null });
  });

  it("of one client is nothing to another, nor to a browser, and lives on", async () => {
    const other = await house.addClient();
    await expect(refresh(first, {}, other)).rejects.toMatchObject(REFUSED);
    const asCookie = refreshSession(house.oauth.sessions, first.refresh_token ?? "", HOME);
    await expect(asCookie).rejects.toMatchObject({ code: "invalid_refresh_token" });
    expect(await refresh(first)).toHaveProperty("access_token");
  });

  it("of a browser is nothing to a client", async () => {
    const input = { email: browser.user.email, password: PASSWORD };
    const { refreshToken } = await signIn(house.identity, input, HOME, null);
    const stolen = house.token(app, { grant_type: "refresh_token", refresh_token: refreshToken });
    await expect(stolen).rejects.toMatchObject(REFUSED);
  });

  it("gets less for once, and never more", async () => {
    const narrow = await refresh(first, { scope: "orders:read" });
    expect(narrow).toMatchObject({ scope: "orders:read" });
    expect(narrow).not.toHaveProperty("id_token");
    expect(await refresh(narrow)).toMatchObject({ scope: first.scope });
    await expect(refresh(first, { scope: "orders:write" })).rejects.toMatchObject({ code: "invalid_scope" });
    await expect(refresh(first, { resource: "payroll" })).rejects.toMatchObject({ code: "invalid_target" });
  });

  it("gets no more than its client is still registered for", async () => {
    await changeClient(house.oauth, app.id, { scope: "openid offline_access" }, COMMAND_LINE);
    expect(await refresh(first)).toMatchObject({ scope: "openid offline_access" });
    const code = await house.code(app, browser, { scope: "openid" });
    await changeClient(house.oauth, app.id, { audiences: [] }, COMMAND_LINE);
    await expect(refresh(first)).rejects.toMatchObject({ code: "invalid_target" });
    await expect(house.token(app, { ...code })).rejects.toMatchObject({ code: "invalid_target" });
    await changeClient(house.oauth, app.id, { audiences: ["orders"] }, COMMAND_LINE);
    expect(await refresh(first)).toMatchObject({ scope: "openid offline_access" });
    expect(await house.token(app, { ...code })).toMatchObject({ scope: "openid" });
  });

  it("for userinfo goes on when its client gets a first service", async () => {
    const client = await house.addClient({ audiences: [], scope: "openid offline_access" });
    const code = await house.code(client, browser, { scope: "openid offline_access" });
    const got = await house.token(client, { ...code });
    await changeClient(house.oauth, client.id, { audiences: ["orders"] }, COMMAND_LINE);
    expect(await refresh(got, {}, client)).toHaveProperty("access_token");
  });

  it("ends when it is not used for as long as a session may be idle, or grows too old", async () => {
    house.clock.advanceSeconds(7 * 86_400 - 1);
    let newest = await refresh(first);
    for (let week = 0; week < 3; week += 1) {
      house.clock.advanceSeconds(7 * 86_400 - 1);
      newest = await refresh(newest);
    }
    house.clock.advanceSeconds(7 * 86_400 - 1);
    await expect(refresh(newest)).rejects.toMatchObject(REFUSED);
  });
});

describe("ends", () => {
  const expectEnded = async () => {
    expect(await isAccepted(first)).toBe(false);
    await expect(refresh(first)).rejects.toMatchObject(REFUSED);
  };

  it("when the person's password changes", async () => {
    const input = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };
    await changePassword(house.identity, browser.userId, input, HOME);
    await expectEnded();
  });

  it("when the account is disabled", async () => {
    await changeUser(house.identity, browser.userId, { status: "disabled" }, COMMAND_LINE);
    await expectEnded();
  });

  it("when its browser session is revoked", async () => {
    await end(browser.id, "revoked_by_admin");
    await expectEnded();
  });

  it("when it is revoked itself, which leaves the browser alone", async () => {
    const { sid = "" } = (await house.claims(first.access_token)) ?? {};
    await end(sid, "revoked_by_admin");
    await expectEnded();
    expect(await house.session(browser.id)).toMatchObject({ endedAt: null });
  });

  it("when the person disconnects the app, who is asked again then", async () => {
    await disconnectApp(house.oauth, app.id, actor());
    await expectEnded();
    expect(await listConnectedApps(house.oauth, browser.userId)).toEqual([]);
    expect(await house.oauth.stores.consents.hold(browser.userId, app.id, "orders")).toBeNull();
    await expect(disconnectApp(house.oauth, app.id, actor())).rejects.toMatchObject({ code: "not_found" });
  });

  it("when its client is revoked, or removed", async () => {
    expect(await revokeClient(house.oauth, app.id, null, COMMAND_LINE)).toBe(1);
    await expectEnded();
    const again = await house.token(app, { ...(await house.code(app, browser)) });
    await removeClient(house.oauth, app.id, COMMAND_LINE);
    expect(await isAccepted(again)).toBe(false);
    await expect(refresh(again)).rejects.toMatchObject({ code: "invalid_client" });
  });

  it("with what the client has not redeemed yet", async () => {
    const code = await house.code(app, browser);
    await disconnectApp(house.oauth, app.id, actor());
    await expect(house.token(app, { ...code })).rejects.toMatchObject(REFUSED);
    const again = await house.code(app, browser);
    await revokeClient(house.oauth, app.id, null, COMMAND_LINE);
    await expect(house.token(app, { ...again })).rejects.toMatchObject(REFUSED);
  });

  it("when the client revokes its refresh token", async () => {
    await revokeToken(house.oauth, requestOf(app, { token: first.refresh_token ?? "" }));
    await expectEnded();
  });
});

it("of a browser session that nobody is seen in any more gets no token that outlives that", async () => {
  house.clock.advanceSeconds(7 * 86_400 - 60);
  const code = await house.code(app, browser, { scope: "openid orders:read" });
  expect(await house.token(app, { ...code })).toMatchObject({ expires_in: 60 });
});

describe("where no token could be issued, nothing is spent", () => {
  const legacyClient = async () => {
    const legacy = newAudienceSchema.parse({ identifier: `billing-${app.id}`, profile: "legacy" });
    await createAudience(house.services.audiences, legacy, COMMAND_LINE);
    return house.addClient({ audiences: [legacy.identifier] });
  };

  it("a code for a service that could not check a bound token is good without the proof", async () => {
    const client = await legacyClient();
    const code = await house.code(client, browser);
    const bound = redeemCode(house.oauth, {
      client,
      parameters: parametersOf({ ...code }),
      proof: { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", jti: "one", iat: 1 },
      from: CLI,
    });
    await expect(bound).rejects.toMatchObject({ code: "invalid_target" });
    expect(await house.token(client, { ...code })).toMatchObject({ token_type: "Bearer" });
  });

  it("a refresh token of a service that is gone stays as it is", async () => {
    const client = await legacyClient();
    const got = await house.token(client, { ...(await house.code(client, browser)) });
    const { sid = "" } = (await house.claims(got.access_token)) ?? {};
    await removeAudience(house.services.audiences, client.audiences[0] ?? "", COMMAND_LINE);
    await expect(refresh(got, {}, client)).rejects.toMatchObject({ code: "invalid_target" });
    expect(await house.session(sid)).toMatchObject({ generation: 0, endedAt: null });
  });
});

describe("without offline_access", () => {
  const online = async () =>
    house.token(app, { ...(await house.code(app, browser, { scope: "openid orders:read" })) });

  it("ends when its browser signs out; one with it goes on", async () => {
    const response = await online();
    await end(browser.id, "logout");
    expect(await isAccepted(response)).toBe(false);
    expect(await isAccepted(first)).toBe(true);
    expect(await refresh(first)).toHaveProperty("refresh_token");
  });

  describe("its client is told when the browser", () => {
    let shop: RegisteredClient;
    let told: () => Promise<string[]>;
    const sidOf = async ({ access_token }: TokenResponse) => (await house.claims(access_token))?.sid;
    beforeEach(async () => {
      shop = await house.addClient({ backchannelLogoutUri: "https://shop.example/logout" });
      const { logoutDeliveries } = house.oauth.stores;
      told = async () => (await logoutDeliveries.listOfClient(shop.id, 50)).map(({ sessionId }) => sessionId);
    });

    it("signs out, and so is one whose grant goes on with its offline_access", async () => {
      const offline = await house.token(shop, { ...(await house.code(shop, browser)) });
      const online = await house.token(shop, { ...(await house.code(shop, browser, { scope: "openid" })) });
      const sids = [await sidOf(offline), await sidOf(online)];
      await end(browser.id, "logout");
      expect((await told()).sort()).toEqual(sids.sort());
      expect(await isAccepted(offline)).toBe(true);
    });

    it("is taken over by somebody else, and not when the same person signs in again", async () => {
      const offline = await house.token(shop, { ...(await house.code(shop, browser)) });
      const again = { email: browser.user.email, password: PASSWORD };
      const next = await signIn(house.identity, again, HOME, browser.id);
      expect(await told()).toEqual([]);
      const { email } = await house.addPerson();
      await signIn(house.identity, { email, password: PASSWORD }, HOME, next.session.id);
      expect(await told()).toEqual([await sidOf(offline)]);
    });

    it("signs out, and not when the oldest of twenty makes room for another one", async () => {
      const ask = async () => {
        house.clock.advanceSeconds(1);
        return house.token(shop, { ...(await house.code(shop, browser, { scope: "openid" })) });
      };
      const oldest = await ask();
      for (let asked = 0; asked < 20; asked += 1) await ask();
      expect(await isAccepted(oldest)).toBe(false);
      expect(await told()).toEqual([]);
    });

    it("is revoked, which ends the grant: once", async () => {
      const offline = await house.token(shop, { ...(await house.code(shop, browser)) });
      const sid = await sidOf(offline);
      await end(browser.id, "revoked_by_admin");
      expect(await told()).toEqual([sid]);
      expect(await isAccepted(offline)).toBe(false);
    });
  });

  it("only the newest twenty of one client go on", async () => {
    for (let asked = 0; asked < 22; asked += 1) await online();
    const live = await house.oauth.stores.sessions.listLiveGrants(browser.userId, 50, house.clock.now());
    expect(live.filter(({ grant }) => !grant?.isOffline)).toHaveLength(20);
    expect(await isAccepted(first)).toBe(true);
  });

  it("is no browser of the person at a sign-in: guesses with it are counted as a stranger's", async () => {
    const { email } = browser.user;
    const guess = (with_: string | null) => signIn(house.identity, { email, password: "wrong" }, HOME, with_);
    for (let n = 0; n < 10; n += 1)
      await expect(guess(null)).rejects.toMatchObject({ code: "invalid_credentials" });
    await expect(guess((await house.claims(first.access_token))?.sid ?? "")).rejects.toMatchObject({
      code: "rate_limited",
    });
    await expect(guess(browser.id)).rejects.toMatchObject({ code: "invalid_credentials" });
  });

  it("a code that waits is handed over too, when the same person signs in again", async () => {
    const code = await house.code(app, browser, { scope: "openid" });
    await signIn(house.identity, { email: browser.user.email, password: PASSWORD }, HOME, browser.id);
    expect(await house.token(app, { ...code })).toHaveProperty("id_token");
  });

  it.each(["logout", "revoked_by_admin", "revoked_by_user", "refresh_token_reuse"] as const)(
    "a code that waits is worth nothing once its browser session has ended (%s), whoever signs in after it",
    async (reason) => {
      const codes = [
        await house.code(app, browser),
        await house.code(app, browser, { scope: "openid orders:read" }),
      ];
      await end(browser.id, reason);
      await signIn(house.identity, { email: browser.user.email, password: PASSWORD }, HOME, browser.id);
      for (const code of codes) await expect(house.token(app, { ...code })).rejects.toMatchObject(REFUSED);
    },
  );

  it("is handed over when the same person signs in again", async () => {
    const response = await online();
    const input = { email: browser.user.email, password: PASSWORD };
    const next = await signIn(house.identity, input, HOME, browser.id);
    expect(await isAccepted(response)).toBe(true);
    await end(next.session.id, "logout");
    expect(await isAccepted(response)).toBe(false);
  });

  it("ends when somebody else signs in instead", async () => {
    const response = await online();
    const other = await house.addPerson();
    await signIn(house.identity, { email: other.email, password: PASSWORD }, HOME, browser.id);
    expect(await isAccepted(response)).toBe(false);
  });
});

describe("revocation", () => {
  it("of an access token denies that one alone", async () => {
    const second = await refresh(first);
    await revokeToken(house.oauth, requestOf(app, { token: first.access_token }));
    expect(await isAccepted(first)).toBe(false);
    expect(await isAccepted(second)).toBe(true);
  });

  test.each(["access_token", "refresh_token"] as const)(
    "by another client of its %s does nothing",
    async (kind) => {
      const other = await house.addClient();
      await revokeToken(house.oauth, requestOf(other, { token: first[kind] ?? "" }));
      expect(await isAccepted(first)).toBe(true);
      expect(await refresh(first)).toHaveProperty("access_token");
    },
  );

  it("of one that is encrypted is refused: only its service can read it", async () => {
    const token = `${"eyJ4".repeat(9)}.a.b.c.d`;
    const refused = revokeToken(house.oauth, requestOf(app, { token }));
    await expect(refused).rejects.toMatchObject({ code: "unsupported_token_type", status: 400 });
  });

  it("of what is no token does nothing", async () => {
    for (const token of ["x", "eyJhbGciOiJub25lIn0.e30.", "a".repeat(4_000)]) {
      await revokeToken(house.oauth, requestOf(app, { token }));
    }
  });
});

describe("introspection", () => {
  const INACTIVE = { active: false };
  let web: RegisteredClient;
  let tokens: TokenResponse;
  beforeEach(async () => {
    web = await house.addClient({ authMethod: "client_secret" });
    tokens = await house.token(web, { ...(await house.code(web, browser)) });
  });

  it("tells a client of its own tokens", async () => {
    expect(await introspect(house.oauth, requestOf(web, { token: tokens.access_token }))).toMatchObject({
      active: true,
      sub: browser.userId,
      client_id: web.id,
      aud: ["orders", "https://login.example.com/oauth/userinfo"],
      scope: tokens.scope,
      token_type: "Bearer",
    });
    const ofRefresh = requestOf(web, { token: tokens.refresh_token ?? "" });
    expect(await introspect(house.oauth, ofRefresh)).toMatchObject({ active: true, client_id: web.id });
  });

  it("tells it nothing of others', of what is over, or of what is none", async () => {
    const other = await house.addClient({ authMethod: "client_secret" });
    for (const token of [tokens.access_token, tokens.refresh_token ?? "", first.access_token, "x"]) {
      expect(await introspect(house.oauth, requestOf(other, { token }))).toEqual(INACTIVE);
    }
    await revokeToken(house.oauth, requestOf(web, { token: tokens.refresh_token ?? "" }));
    for (const token of [tokens.access_token, tokens.refresh_token ?? ""]) {
      expect(await introspect(house.oauth, requestOf(web, { token }))).toEqual(INACTIVE);
    }
  });

  it("tells of the signed token within one that is encrypted, to whoever could open that", async () => {
    const { privateKey, publicKey } = await generateKeyPair("ECDH-ES+A256KW", { extractable: true });
    const encryptionJwk = await exportJWK(publicKey);
    const input = newAudienceSchema.parse({ identifier: "payroll", profile: "high-security", encryptionJwk });
    const { feedToken } = await createAudience(house.services.audiences, input, COMMAND_LINE);
    const payroll = await house.addClient({ audiences: ["payroll"] });
    const { access_token } = await house.token(payroll, { ...(await house.code(payroll, browser)) });
    const { plaintext } = await compactDecrypt(access_token, privateKey);
    const ask = (token: string) =>
      introspect(house.oauth, {
        headers: new Headers({ authorization: `Bearer ${feedToken}` }),
        parameters: parametersOf({ token }),
        from: CLI,
      });
    expect(await ask(new TextDecoder().decode(plaintext))).toMatchObject({
      active: true,
      aud: "payroll",
      sub: browser.userId,
    });
    expect(await ask(access_token)).toEqual(INACTIVE);
  });

  it("tells a public client nothing at all", async () => {
    const work = introspect(house.oauth, requestOf(app, { token: first.access_token }));
    await expect(work).rejects.toMatchObject({ code: "invalid_client" });
  });
});

describe("userinfo", () => {
  const ask = (token: string, scheme = "Bearer") =>
    answerUserinfo(house.oauth, {
      method: "GET",
      headers: new Headers({ authorization: `${scheme} ${token}` }),
    });

  it("tells who it is, and the address where that was allowed, which nobody has verified", async () => {
    expect(await ask(first.access_token)).toEqual({
      sub: browser.userId,
      email: browser.user.email,
      email_verified: false,
    });
    const less = await refresh(first, { scope: "openid" });
    expect(await ask(less.access_token)).toEqual({ sub: browser.userId });
  });

  it("takes a token that says it is for userinfo, and none that is for a service alone", async () => {
    expect((await house.claims(first.access_token))?.aud).toEqual([
      "orders",
      "https://login.example.com/oauth/userinfo",
    ]);
    const less = await refresh(first, { scope: "orders:read" });
    expect((await house.claims(less.access_token))?.aud).toBe("orders");
    await expect(ask(less.access_token)).rejects.toMatchObject({ code: "invalid_token", status: 401 });
  });

  it("takes none that a service with a secret of its own could have written", async () => {
    const legacy = newAudienceSchema.parse({ identifier: `legacy-${app.id}`, profile: "legacy" });
    await createAudience(house.services.audiences, legacy, COMMAND_LINE);
    const old = await house.addClient({ audiences: [legacy.identifier] });
    const response = await house.token(old, { ...(await house.code(old, browser)) });
    expect((await house.claims(response.access_token))?.aud).toBe(legacy.identifier);
    await expect(ask(response.access_token)).rejects.toMatchObject({ code: "invalid_token" });
  });

  it("wants the scope openid", async () => {
    const bare = await house.addClient({ audiences: [], scope: "openid offline_access" });
    const response = await house.token(bare, {
      ...(await house.code(bare, browser, { scope: "offline_access" })),
    });
    const refusal = ask(response.access_token);
    await expect(refusal).rejects.toMatchObject({ code: "insufficient_scope", status: 403 });
  });

  it("acknowledges a renewed grant, so that its former refresh token is a copy from then on", async () => {
    const second = await refresh(first);
    await ask(second.access_token);
    house.clock.advanceSeconds(31);
    await expect(refresh(first)).rejects.toMatchObject(REFUSED);
    expect(await house.claims((await refresh(second).catch(() => first)).access_token)).toBeNull();
  });

  it("is not moved by the token of a generation before", async () => {
    await refresh(first);
    house.clock.advanceSeconds(2);
    const { sid = "" } = (await house.claims(first.access_token)) ?? {};
    await refresh(await refresh(first));
    await ask(first.access_token);
    expect(await house.session(sid)).toMatchObject({ acknowledgedGeneration: 0 });
  });

  it("takes no token without a person, none of another scheme, and none that is over", async () => {
    const service = await house.addClient({
      authMethod: "client_secret",
      grantTypes: ["client_credentials"],
      redirectUris: [],
      scope: "orders:read",
    });
    const own = await house.token(service, { grant_type: "client_credentials" });
    await expect(ask(own.access_token)).rejects.toMatchObject({ code: "invalid_token" });
    await expect(ask(first.access_token, "DPoP")).rejects.toMatchObject({ code: "invalid_token" });
    await expect(ask(first.id_token ?? "")).rejects.toMatchObject({ code: "invalid_token" });
    await expect(ask(first.refresh_token ?? "")).rejects.toMatchObject({ code: "invalid_token" });
    await end((await house.claims(first.access_token))?.sid ?? "", "revoked_by_admin");
    await expect(ask(first.access_token)).rejects.toMatchObject({ code: "invalid_token" });
  });
});

describe("a client's own token", () => {
  let service: RegisteredClient;
  beforeEach(async () => {
    service = await house.addClient({
      authMethod: "client_secret",
      grantTypes: ["client_credentials"],
      redirectUris: [],
      scope: "orders:read orders:write",
    });
  });
  const own = (more: Record<string, string> = {}) =>
    house.token(service, { grant_type: "client_credentials", ...more });

  it("without a scope says nothing of one", async () => {
    const plain = {
      authMethod: "client_secret",
      grantTypes: ["client_credentials"],
      redirectUris: [],
      scope: "",
    };
    const bare = await house.addClient(plain);
    const response = await house.token(bare, { grant_type: "client_credentials" });
    expect(response).not.toHaveProperty("scope");
    expect(await house.claims(response.access_token)).not.toHaveProperty("scope");
  });

  it("is about the client and about nobody", async () => {
    const response = await own({ scope: "orders:read" });
    expect(response).not.toHaveProperty("refresh_token");
    const claims = await house.claims(response.access_token);
    expect(claims).toMatchObject({
      sub: service.id,
      client_id: service.id,
      aud: "orders",
      scope: "orders:read",
    });
    for (const name of ["auth_time", "amr", "role"]) expect(claims).not.toHaveProperty(name);
  });

  it("is taken back with its client, and the next one is good", async () => {
    const before = await own();
    await revokeClient(house.oauth, service.id, "leaked", COMMAND_LINE);
    expect(await isAccepted(before)).toBe(false);
    expect(await isAccepted(await own())).toBe(true);
  });

  it("has all words of the client but those about a person, where none are asked for", async () => {
    const mixed = await house.addClient({
      authMethod: "client_secret",
      grantTypes: ["authorization_code", "client_credentials"],
    });
    const response = await house.token(mixed, { grant_type: "client_credentials" });
    expect(response.scope).toBe("orders:read orders:write");
  });

  test.each<[string, Record<string, string>, string]>([
    ["a person's words", { scope: "openid" }, "invalid_scope"],
    ["a word it is not registered for", { scope: "orders:delete" }, "invalid_scope"],
    ["a service it is not registered for", { resource: "payroll" }, "invalid_target"],
    ["userinfo", { resource: "https://login.example.com/oauth/userinfo" }, "invalid_target"],
  ])("is refused for %s", async (_what, asked, code) => {
    await expect(own(asked)).rejects.toMatchObject({ code });
  });

  it("is for clients that are registered for it alone", async () => {
    const work = house.token(app, { grant_type: "client_credentials" });
    await expect(work).rejects.toMatchObject({ code: "unauthorized_client" });
    const other = house.token(service, { ...(await house.code(app, browser)) });
    await expect(other).rejects.toMatchObject({ code: "unauthorized_client" });
  });
});
