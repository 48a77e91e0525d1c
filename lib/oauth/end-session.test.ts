import { beforeEach, describe, expect, it, test } from "vitest";
import type { Signer } from "@/lib/keys/custody";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { createTestKeys, type TestKeys } from "@/lib/keys/testing/test-keys";
import { signJwt } from "@/lib/tokens/issue";
import type { OAuthDependencies } from "./dependencies";
import { type LogoutRequest, readLogoutRequest } from "./end-session";
import { issueLogoutToken } from "./logout-token";
import { isOAuthError } from "./oauth-error";
import { readParameters } from "./parameters";
import { clientRecord } from "./testing/client-records";

const ISSUER = "https://login.example";
const START = new Date("2026-11-30T12:00:00Z");
const RETURN_TO = "https://shop.example/bye";
const SHOP = clientRecord({ id: "client_shop", postLogoutRedirectUris: [RETURN_TO, `${RETURN_TO}?from=us`] });
const OTHER = clientRecord({ id: "client_other", postLogoutRedirectUris: ["https://other.example/"] });

const START_SECONDS = START.getTime() / 1000;
/** Of an ID token of SHOP's. */
const CLAIMS = {
  iss: ISSUER,
  sub: "ada",
  aud: SHOP.id,
  exp: START_SECONDS + 600,
  iat: START_SECONDS,
  auth_time: START_SECONDS,
  sid: "a-grant",
  amr: ["pwd"],
};

let clock: HeldClock;
let keys: TestKeys;
let signer: Signer;
let deps: OAuthDependencies;
beforeEach(async () => {
  clock = new HeldClock(START);
  keys = createTestKeys({ clock });
  await keys.open();
  signer = await keys.keyring.findSigner();
  deps = dependenciesOn(keys);
});

const dependenciesOn = ({ keyring }: TestKeys) =>
  ({
    stores: {
      clients: { find: async (id: string) => [SHOP, OTHER].find((client) => client.id === id) ?? null },
    },
    audiences: { keys: { keyring } },
    findSigner: () => keyring.findSigner(),
    issuer: ISSUER,
    clock,
  }) as unknown as OAuthDependencies;

const read = (parameters: Record<string, string>): Promise<LogoutRequest> =>
  readLogoutRequest(deps, readParameters(new URLSearchParams(parameters)));

async function refusalOf(parameters: Record<string, string>): Promise<string> {
  const error = await read(parameters).then(
    (request) => new Error(`It was read: ${JSON.stringify(request)}`),
    (reason: unknown) => reason,
  );
  if (!isOAuthError(error)) throw error;
  expect([error.code, error.status]).toEqual(["invalid_request", 400]);
  return error.message;
}

const idToken = (given: object = {}, typ = "JWT", by = signer) => signJwt({ ...CLAIMS, ...given }, typ, by);

describe("a request", () => {
  it("may say nothing at all", async () => {
    expect(await read({})).toEqual({ client: null, returnTo: null, hint: null });
  });

  it("says by its ID token who asks, and of whom it speaks", async () => {
    const request = await read({ id_token_hint: await idToken() });
    expect(request).toEqual({ client: SHOP, returnTo: null, hint: { sub: "ada" } });
  });

  it("says by its client_id who asks", async () => {
    expect(await read({ client_id: SHOP.id })).toEqual({ client: SHOP, returnTo: null, hint: null });
  });

  it("may say both, as long as they agree", async () => {
    const id_token_hint = await idToken();
    expect(await read({ id_token_hint, client_id: SHOP.id })).toMatchObject({ client: SHOP });
    expect(await refusalOf({ id_token_hint, client_id: OTHER.id })).toMatch(/another client/);
  });

  it("of a client that there is not is refused", async () => {
    expect(await refusalOf({ client_id: "client_gone" })).toMatch(/no such client/);
    expect(await refusalOf({ id_token_hint: await idToken({ aud: "client_gone" }) })).toMatch(
      /no such client/,
    );
  });
});

describe("where the browser goes", () => {
  it("is an address that the client has registered, with its state", async () => {
    const asked = { client_id: SHOP.id, post_logout_redirect_uri: RETURN_TO };
    expect(await read(asked)).toMatchObject({ returnTo: RETURN_TO });
    expect(await read({ ...asked, state: "a b&c" })).toMatchObject({
      returnTo: `${RETURN_TO}?state=a+b%26c`,
    });
    const withQuery = { ...asked, post_logout_redirect_uri: `${RETURN_TO}?from=us`, state: "x" };
    expect(await read(withQuery)).toMatchObject({ returnTo: `${RETURN_TO}?from=us&state=x` });
  });

  it("needs somebody who asks", async () => {
    expect(await refusalOf({ post_logout_redirect_uri: RETURN_TO })).toMatch(/needs a client_id/);
  });

  test.each([
    `${RETURN_TO}/`,
    `${RETURN_TO}?`,
    `${RETURN_TO}?x=1`,
    `${RETURN_TO}#f`,
    `${RETURN_TO} `,
    "https://shop.example/",
    "https://shop.example/BYE",
    "https://shop.example:443/bye",
    "http://shop.example/bye",
    "https://shop.example@evil.example/bye",
    "https://shop.example.evil.example/bye",
    "https://other.example/",
    "//evil.example",
    "/account",
    "javascript:alert(1)",
  ])("is not %s, and then nowhere", async (uri) => {
    expect(await refusalOf({ client_id: SHOP.id, post_logout_redirect_uri: uri })).toMatch(
      /has not registered/,
    );
  });
});

describe("a hint", () => {
  const refused = async (id_token_hint: string) =>
    expect(await refusalOf({ id_token_hint, client_id: SHOP.id })).toMatch(/not an ID token of this server/);

  it("counts long after it has expired, as long as its key verifies", async () => {
    const id_token_hint = await idToken({ exp: START_SECONDS - 86_400, iat: START_SECONDS - 90_000 });
    expect(await read({ id_token_hint })).toMatchObject({ hint: { sub: "ada" } });
  });

  test.each(["RS256", "EdDSA"] as const)("counts when it was signed by %s", async (algorithm) => {
    const others = createTestKeys({ clock, algorithm });
    await others.open();
    deps = dependenciesOn(others);
    const id_token_hint = await idToken({}, "JWT", await others.keyring.findSigner());
    expect(await read({ id_token_hint })).toMatchObject({ client: SHOP });
  });

  it("is no token of another kind: an access token, a logout token, a proof, one without a type", async () => {
    for (const typ of ["at+jwt", "logout+jwt", "dpop+jwt", "jwt", "application/JWT", ""]) {
      await refused(await idToken({}, typ));
    }
    await refused(await issueLogoutToken(deps, SHOP, { userId: "ada", sessionId: "a-grant" }));
    await refused(await signJwt(CLAIMS, undefined as unknown as string, signer));
  });

  it("is no ID token of another issuer, for several, or that leaves out whom it is about", async () => {
    const { sub: _sub, ...nobodys } = CLAIMS;
    const { sid: _sid, ...sessionless } = CLAIMS;
    const tokens = [
      idToken({ iss: "https://login.example/" }),
      idToken({ aud: [SHOP.id] }),
      idToken({ aud: [SHOP.id, OTHER.id] }),
      signJwt(nobodys, "JWT", signer),
      signJwt(sessionless, "JWT", signer),
      idToken({ sub: 1 }),
      idToken({ sid: "" }),
    ];
    for (const token of await Promise.all(tokens)) await refused(token);
  });

  it("is none that somebody else has signed, or changed, or that is signed by nothing", async () => {
    const strangers = createTestKeys({ clock });
    await strangers.open();
    const stranger = await strangers.keyring.findSigner();
    await refused(await idToken({}, "JWT", { ...stranger, kid: signer.kid }));
    await refused(await idToken({}, "JWT", { ...signer, algorithm: "RS256" }));
    const [header, , signature] = (await idToken()).split(".");
    const forged = Buffer.from(JSON.stringify({ ...CLAIMS, sub: "bob" })).toString("base64url");
    await refused(`${header}.${forged}.${signature}`);
    const none = Buffer.from(JSON.stringify({ alg: "none", typ: "JWT", kid: signer.kid })).toString(
      "base64url",
    );
    await refused(`${none}.${forged}.`);
    await refused(`${none}.${forged}.${signature}`);
    await refused("not a token");
  });

  describe("whose key has gone, as after a rotation", () => {
    const formerToken = async (given: object = {}) => {
      const former = createTestKeys({ clock });
      await former.open();
      return idToken(given, "JWT", await former.keyring.findSigner());
    };

    it("still says which client asks, but nothing of whom it speaks", async () => {
      const asked = { id_token_hint: await formerToken(), post_logout_redirect_uri: RETURN_TO };
      const request = { client: SHOP, returnTo: RETURN_TO, hint: null };
      expect(await read(asked)).toEqual(request);
      expect(await read({ ...asked, client_id: SHOP.id })).toEqual(request);
    });

    it("goes nowhere that the client has not registered, and is no other client's", async () => {
      const id_token_hint = await formerToken();
      const elsewhere = { id_token_hint, post_logout_redirect_uri: "https://evil.example" };
      expect(await refusalOf(elsewhere)).toMatch(/has not registered/);
      expect(await refusalOf({ id_token_hint, client_id: OTHER.id })).toMatch(/another client/);
      await refused(await formerToken({ iss: "https://login.example/" }));
    });
  });

  it("is none that the secret of our own pages has signed, which signs no ID tokens", async () => {
    const secrets = createTestKeys({ clock, algorithm: "HS256" });
    await secrets.open();
    deps = dependenciesOn(secrets);
    await refused(await idToken({}, "JWT", await secrets.keyring.findSigner()));
  });

  it("brings no key of its own", async () => {
    const signed = await idToken();
    const [header = "", payload] = signed.split(".");
    const { alg, typ, kid } = JSON.parse(Buffer.from(header, "base64url").toString());
    for (const more of [{ jwk: {} }, { jku: "https://evil.example" }, { crit: ["exp"] }, { b64: false }]) {
      const changed = Buffer.from(JSON.stringify({ alg, typ, kid, ...more })).toString("base64url");
      const signature = Buffer.from(await signer.sign(Buffer.from(`${changed}.${payload}`)));
      await refused(`${changed}.${payload}.${signature.toString("base64url")}`);
    }
  });
});
