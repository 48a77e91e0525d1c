import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from "vitest";
import { HOME } from "@/lib/identity/testing/test-house";
import { createTestKeys } from "@/lib/keys/testing/test-keys";
import type { SessionWithUser } from "@/lib/sessions/session";
import { signJwt } from "@/lib/tokens/issue";
import { readAuthorizationRequest } from "./authorization-request";
import { allow, authorize, deny, errorAddress } from "./authorize";
import { pushRequest } from "./pushed-request";
import {
  askedBy,
  authorizationOf,
  CALLBACK,
  CLI,
  type OAuthHouse,
  openOAuthHouse,
  parametersOf,
  type RegisteredClient,
} from "./testing/oauth-house";

const ISSUER = "https://login.example.com";
const VERIFIER = "v".repeat(43);

let house: OAuthHouse;
let app: RegisteredClient;
let browser: SessionWithUser;
beforeAll(async () => {
  house = await openOAuthHouse();
});
afterAll(() => house.close());
beforeEach(async () => {
  app = await house.addClient();
  browser = await house.signedIn();
});

const read = (changes: Record<string, string> = {}, client = app) =>
  readAuthorizationRequest(house.oauth, askedBy({ ...authorizationOf(client, VERIFIER), ...changes }));
const take = async (
  changes: Record<string, string> = {},
  session: SessionWithUser | null = browser,
  countsSince: Date | null = null,
  client = app,
) => authorize(house.oauth, await read(changes, client), session, countsSince);
const actor = () => ({ userId: browser.userId, sessionId: browser.id, client: HOME });
const agree = async (changes: Record<string, string> = {}, client = app) =>
  new URL(await allow(house.oauth, await read(changes, client), browser, actor()));
const push = (changes: Record<string, string> = {}) =>
  pushRequest(house.oauth, {
    headers: new Headers(),
    parameters: parametersOf({ ...authorizationOf(app, VERIFIER), ...changes }),
    from: CLI,
  });

describe("an authorization request", () => {
  it("asks for a sign-in, then for consent, and then goes straight back", async () => {
    expect(await take({}, null)).toEqual({ kind: "sign_in", isAgain: false });
    expect(await take()).toEqual({ kind: "consent" });
    await agree();
    const step = await take();
    const to = new URL(step.kind === "return" ? step.to : "about:blank");
    expect(to.origin + to.pathname).toBe(CALLBACK);
    expect(Object.fromEntries(to.searchParams)).toEqual({
      code: expect.stringMatching(/^[\w-]{43}$/),
      state: "of the client",
      iss: ISSUER,
    });
  });

  it("asks again for more than was allowed, and not for less", async () => {
    await agree({ scope: "openid orders:read" });
    expect(await take({ scope: "orders:read" })).toMatchObject({ kind: "return" });
    expect(await take({ scope: "openid orders:write" })).toEqual({ kind: "consent" });
    await agree({ scope: "openid orders:write" });
    expect(await take({ scope: "openid orders:read orders:write" })).toMatchObject({ kind: "return" });
  });

  it("asks for each client and for each person", async () => {
    await agree();
    const other = await house.addClient();
    expect(await take({}, browser, null, other)).toEqual({ kind: "consent" });
    expect(await take({}, await house.signedIn())).toEqual({ kind: "consent" });
  });

  test.each(["http://127.0.0.1/callback", "http://[::1]/callback", "com.example.app:/callback"])(
    "always asks where any program may have claimed %s",
    async (redirectUri) => {
      const native = await house.addClient({ redirectUris: [redirectUri] });
      await agree({ redirect_uri: redirectUri }, native);
      expect(await take({ redirect_uri: redirectUri }, browser, null, native)).toEqual({ kind: "consent" });
    },
  );

  describe("with prompt=none", () => {
    const refusal = async (...given: Parameters<typeof take>) =>
      take({ prompt: "none", ...given[0] }, given[1]).then(
        () => null,
        (error) => ({ code: error.code, returnTo: error.returnTo }),
      );
    const returnTo = { redirectUri: CALLBACK, state: "of the client" };

    it("asks nobody: the client hears that somebody would have to be", async () => {
      expect(await refusal({}, null)).toEqual({ code: "login_required", returnTo });
      expect(await refusal()).toEqual({ code: "interaction_required", returnTo });
      await agree();
      expect(await refusal({ max_age: "0" })).toEqual({ code: "login_required", returnTo });
      expect(await refusal()).toBeNull();
    });
  });

  describe("for a newer sign-in", () => {
    beforeEach(async () => {
      await agree();
    });

    test.each([
      { prompt: "login" },
      { prompt: "select_account" },
      { max_age: "0" },
      { prompt: "login consent" },
    ])("%j asks for one, and is content with one that came after", async (asked: Record<string, string>) => {
      house.clock.advanceSeconds(1);
      expect(await take(asked)).toEqual({ kind: "sign_in", isAgain: true });
      const since = house.clock.now();
      expect(await take(asked, browser, since)).toEqual({ kind: "sign_in", isAgain: true });
      house.clock.advanceSeconds(1);
      const again = { ...browser, authenticatedAt: house.clock.now() };
      expect(await take(asked, again, since)).not.toMatchObject({ kind: "sign_in" });
      house.clock.advanceSeconds(600);
      expect(await take(asked, again, since)).toEqual({ kind: "sign_in", isAgain: true });
    });

    it("max_age counts from the sign-in", async () => {
      house.clock.advanceSeconds(60);
      expect(await take({ max_age: "61" })).toMatchObject({ kind: "return" });
      expect(await take({ max_age: "60" })).toEqual({ kind: "sign_in", isAgain: true });
    });

    it("id_token_hint wants just this person, and no token but an ID token of the client", async () => {
      const { id_token = "", access_token } = await house.token(app, { ...(await house.code(app, browser)) });
      expect(await take({ id_token_hint: id_token })).toMatchObject({ kind: "return" });
      const other = await house.signedIn();
      expect(await take({ id_token_hint: id_token }, other)).toEqual({ kind: "sign_in", isAgain: true });
      const alone = take({ id_token_hint: id_token, prompt: "none" }, other);
      await expect(alone).rejects.toMatchObject({ code: "login_required" });
      await expect(take({ id_token_hint: access_token })).rejects.toMatchObject({ code: "invalid_request" });
      const foreign = await house.addClient();
      const shown = take({ id_token_hint: id_token }, browser, null, foreign);
      await expect(shown).rejects.toMatchObject({ code: "invalid_request" });
    });

    describe("with max_age", () => {
      /** Whether the sign-in is asked for again this long after it was made for the request. */
      async function isAskedAgain(asked: Record<string, string>, afterSeconds: number): Promise<boolean> {
        const since = house.clock.now();
        const again = { ...browser, authenticatedAt: since };
        house.clock.advanceSeconds(afterSeconds);
        return (await take(asked, again, since)).kind === "sign_in";
      }

      test.each<[seconds: number, asked: Record<string, string>, isAgain: boolean]>([
        [59, { max_age: "60" }, false],
        [60, { max_age: "60" }, true],
        [120, { max_age: "60" }, true],
        [299, { max_age: "300" }, false],
        [300, { max_age: "300" }, true],
        [120, { prompt: "login" }, false],
        [120, { prompt: "login", max_age: "300" }, false],
        [120, { prompt: "login", max_age: "60" }, true],
      ])(
        "%i s after the sign-in that was made for it, %j asks again: %s",
        async (seconds, asked, isAgain) => {
          expect(await isAskedAgain(asked, seconds)).toBe(isAgain);
        },
      );

      test.each(["0", "1", "59"])("%s is too little for anybody, so a minute will do", async (max_age) => {
        expect(await isAskedAgain({ max_age }, 59)).toBe(false);
        expect(await isAskedAgain({ max_age }, 60)).toBe(true);
      });
    });

    describe("with an id_token_hint whose key has gone", () => {
      const hint = async (changes: object = {}) => {
        const keys = createTestKeys({ clock: house.clock });
        await keys.open();
        const claims = { iss: ISSUER, sub: browser.userId, aud: app.id, exp: 1, iat: 1, sid: "a-grant" };
        return signJwt({ ...claims, ...changes }, "JWT", await keys.keyring.findSigner());
      };

      it("wants just this person all the same", async () => {
        const id_token_hint = await hint();
        expect(await take({ id_token_hint })).toMatchObject({ kind: "return" });
        const other = await house.signedIn();
        expect(await take({ id_token_hint }, other)).toEqual({ kind: "sign_in", isAgain: true });
      });

      it("tells nobody whether it is this person who is signed in, unless they are asked", async () => {
        const alone = { id_token_hint: await hint(), prompt: "none" };
        for (const whose of [browser, await house.signedIn(), null]) {
          await expect(take(alone, whose)).rejects.toMatchObject({ code: "login_required" });
        }
      });

      test.each([
        ["another client's", { aud: "client_other" }],
        ["another server's", { iss: "https://other.example" }],
        ["about nobody", { sub: "" }],
      ])("refuses one that is %s", async (_whose, changes) => {
        const id_token_hint = await hint(changes);
        await expect(take({ id_token_hint })).rejects.toMatchObject({ code: "invalid_request" });
      });
    });

    it("id_token_hint may not be signed otherwise than by the key that it names", async () => {
      const { id_token = "" } = await house.token(app, { ...(await house.code(app, browser)) });
      const [header, payload = ""] = id_token.split(".");
      const id_token_hint = `${header}.${payload}.${Buffer.alloc(64, 1).toString("base64url")}`;
      await expect(take({ id_token_hint })).rejects.toMatchObject({ code: "invalid_request" });
    });
  });

  it("that the person refuses goes back with that, and nothing is remembered", async () => {
    const to = new URL(await deny(house.oauth, await read()));
    expect(Object.fromEntries(to.searchParams)).toMatchObject({
      error: "access_denied",
      state: "of the client",
      iss: ISSUER,
    });
    expect(await house.oauth.stores.consents.hold(browser.userId, app.id, "orders")).toBeNull();
  });

  it("keeps the query that a redirect URI has of its own", () => {
    const address = { redirectUri: "https://app.example/cb?tenant=a%20b", state: null };
    const to = errorAddress(ISSUER, { code: "invalid_scope", message: "No." }, address);
    expect(to.startsWith("https://app.example/cb?tenant=a%20b&error=invalid_scope&")).toBe(true);
  });
});

describe("told to nobody but the person", () => {
  test.each<[string, Record<string, string>]>([
    ["an unknown client", { client_id: "client_AAAAAAAAAAAAAAAAAAAAAA" }],
    ["another redirect URI", { redirect_uri: "https://app.example/callback/" }],
    ["a redirect URI of somebody else", { redirect_uri: "https://evil.example/" }],
    ["a script", { redirect_uri: "javascript:alert(1)" }],
    ["no redirect URI where there are two", { redirect_uri: "" }],
    ["a foreign reference", { request_uri: "urn:ietf:params:oauth:request_uri:none" }],
  ])("%s", async (_what, changes) => {
    await expect(read(changes)).rejects.toMatchObject({ name: "OAuthError", returnTo: null });
  });
});

describe("told to the client", () => {
  test.each<[string, Record<string, string>, string]>([
    ["no challenge", { code_challenge: "" }, "invalid_request"],
    ["no method, which means plain", { code_challenge_method: "" }, "invalid_request"],
    ["plain", { code_challenge_method: "plain" }, "invalid_request"],
    ["s256", { code_challenge_method: "s256" }, "invalid_request"],
    ["a challenge that is none", { code_challenge: "x".repeat(42) }, "invalid_request"],
    ["response_type token", { response_type: "token" }, "unsupported_response_type"],
    ["response_type code token", { response_type: "code token" }, "unsupported_response_type"],
    ["response_type id_token", { response_type: "id_token" }, "unsupported_response_type"],
    ["no response_type", { response_type: "" }, "invalid_request"],
    ["response_mode fragment", { response_mode: "fragment" }, "invalid_request"],
    ["response_mode form_post", { response_mode: "form_post" }, "invalid_request"],
    ["a scope beyond its own", { scope: "openid payroll" }, "invalid_scope"],
    ["a scope with two spaces", { scope: "openid  email" }, "invalid_scope"],
    ["another service", { resource: "payroll" }, "invalid_target"],
    ["a request object", { request: "eyJhbGciOiJub25lIn0.e30." }, "request_not_supported"],
    ["an address of one", { request_uri: "http://169.254.169.254/" }, "request_uri_not_supported"],
    ["an unknown prompt", { prompt: "create" }, "invalid_request"],
    ["none with another", { prompt: "none login" }, "invalid_request"],
    ["a negative age", { max_age: "-1" }, "invalid_request"],
    ["an age that is no number", { max_age: "1e3" }, "invalid_request"],
    ["a thumbprint that is none", { dpop_jkt: "x" }, "invalid_request"],
  ])("%s", async (_what, changes, code) => {
    const returnTo = { redirectUri: CALLBACK, state: "of the client" };
    await expect(read(changes)).rejects.toMatchObject({ code, returnTo });
  });
});

describe("a parameter that cannot be read", () => {
  const readWith = (more: [string, string][]) =>
    readAuthorizationRequest(
      house.oauth,
      askedBy([...Object.entries(authorizationOf(app, VERIFIER)), ...more]),
    );

  test.each<[string, [string, string][], string]>([
    ["two scopes", [["scope", "openid"]], "invalid_request"],
    [
      "two resources",
      [
        ["resource", "orders"],
        ["resource", "payroll"],
      ],
      "invalid_target",
    ],
    ["a long request object", [["request", "x".repeat(4097)]], "invalid_request"],
    ["long claims", [["claims", "x".repeat(4097)]], "invalid_request"],
    ["a control character", [["login_hint", "\u0000"]], "invalid_request"],
  ])("is told to the client: %s", async (_what, more, code) => {
    const returnTo = { redirectUri: CALLBACK, state: "of the client" };
    await expect(readWith(more)).rejects.toMatchObject({ code, returnTo });
  });

  it("is told without a state where there are two", async () => {
    const returnTo = { redirectUri: CALLBACK, state: null };
    const two = readWith([["state", "of somebody else"]]);
    await expect(two).rejects.toMatchObject({ code: "invalid_request", returnTo });
  });

  it("is told to nobody where the client is none, or the redirect URI is not its own", async () => {
    for (const wrong of [{ client_id: "client_none" }, { redirect_uri: "https://evil.example/" }]) {
      const values = { ...authorizationOf(app, VERIFIER), ...wrong };
      const asked = askedBy([...Object.entries(values), ["scope", "openid"]]);
      const reading = readAuthorizationRequest(house.oauth, asked);
      await expect(reading).rejects.toMatchObject({ code: "invalid_request", returnTo: null });
    }
  });

  it("is told where the request that was sent ahead has it told", async () => {
    const { request_uri } = await push();
    const asked = askedBy([...Object.entries({ client_id: app.id, request_uri }), ["a", "1"], ["a", "2"]]);
    const returnTo = { redirectUri: CALLBACK, state: "of the client" };
    const reading = readAuthorizationRequest(house.oauth, asked);
    await expect(reading).rejects.toMatchObject({ code: "invalid_request", returnTo });
  });
});

describe("a request that was sent ahead", () => {
  test.each([
    ["none", "pushedRequestByAddress"],
    ["client_secret", "pushedRequestByClient"],
  ])("counts for one who authenticates by %s as %s", async (authMethod, limit) => {
    const { id, secret } = await house.addClient({ authMethod });
    const spent: string[] = [];
    const spend = async (name: string) => {
      spent.push(name);
      return null;
    };
    const rateLimiter = { spend, forgive: async () => {} };
    const proof: Record<string, string> = secret === null ? {} : { client_secret: secret };
    const parameters = parametersOf({ ...authorizationOf({ id }, VERIFIER), ...proof });
    await pushRequest({ ...house.oauth, rateLimiter }, { headers: new Headers(), parameters, from: CLI });
    expect(spent).toEqual([limit]);
  });

  it("counts as it was sent, whatever the address says besides", async () => {
    const { request_uri, expires_in } = await push({ scope: "openid orders:read" });
    expect(expires_in).toBe(600);
    const asked = askedBy({ client_id: app.id, request_uri, scope: "openid email", state: "forged" });
    const request = await readAuthorizationRequest(house.oauth, asked);
    expect(request).toMatchObject({
      scope: "openid orders:read",
      state: "of the client",
      requestUri: request_uri,
    });
  });

  it("is answered once", async () => {
    const { request_uri } = await push();
    const asked = askedBy({ client_id: app.id, request_uri });
    const request = await readAuthorizationRequest(house.oauth, asked);
    expect(await allow(house.oauth, request, browser, actor())).toContain("code=");
    const again = allow(house.oauth, request, browser, actor());
    await expect(again).rejects.toMatchObject({ code: "invalid_request_uri" });
    await expect(deny(house.oauth, request)).rejects.toMatchObject({ code: "invalid_request_uri" });
  });

  it("is its client's alone, for ten minutes", async () => {
    const { request_uri } = await push();
    const other = await house.addClient();
    const stolen = readAuthorizationRequest(house.oauth, askedBy({ client_id: other.id, request_uri }));
    await expect(stolen).rejects.toMatchObject({ code: "invalid_request_uri", returnTo: null });
    house.clock.advanceSeconds(600);
    const late = readAuthorizationRequest(house.oauth, askedBy({ client_id: app.id, request_uri }));
    await expect(late).rejects.toMatchObject({ code: "invalid_request_uri", returnTo: null });
  });

  it("may be the only way in", async () => {
    const strict = await house.addClient({ requiresPushedRequests: true });
    await expect(read({}, strict)).rejects.toMatchObject({
      code: "invalid_request",
      returnTo: { redirectUri: CALLBACK },
    });
  });

  it("is refused there and then for what is wrong with it", async () => {
    await expect(push({ redirect_uri: "https://evil.example/" })).rejects.toMatchObject({
      code: "invalid_request",
    });
    await expect(push({ code_challenge: "" })).rejects.toMatchObject({ code: "invalid_request" });
    await expect(push({ request_uri: "urn:x" })).rejects.toMatchObject({ code: "invalid_request" });
    await expect(push({ scope: "payroll" })).rejects.toMatchObject({ code: "invalid_scope" });
  });
});
