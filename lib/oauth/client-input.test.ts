import { describe, expect, it, test } from "vitest";
import { parseInput } from "@/app/_http/parse-input";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { isLatchkeyError } from "@/lib/errors/latchkey-error";
import { type Client, DEVICE_CODE } from "./client";
import { clientChangeSchema, newClientSchema, toChange, toClient } from "./client-input";

const NOW = new Date("2026-01-01T00:00:00Z");
const PRIVATE_HOSTS = ["billing.internal"];

const { publicKey, privateKey } = newKeyPair("ec", { namedCurve: "P-256" });
const PUBLIC_JWK = publicKey.export({ format: "jwk" });
const PRIVATE_JWK = privateKey.export({ format: "jwk" });
const KEPT_JWKS = { keys: [{ ...PUBLIC_JWK, alg: "ES256" }] };

const APP = { name: "Notes", authMethod: "none", redirectUris: ["https://notes.example/callback"] };
const DEVICE = { name: "Television", authMethod: "none", grantTypes: [DEVICE_CODE] };
const SERVICE = {
  name: "Billing",
  authMethod: "client_secret",
  grantTypes: ["client_credentials"],
  audiences: ["orders"],
};
const KEYED = { ...SERVICE, authMethod: "private_key_jwt", jwks: { keys: [PUBLIC_JWK] } };

const create = (terms: unknown) => toClient(parseInput(newClientSchema, terms), PRIVATE_HOSTS, NOW);
const registered = (terms: object): Client => ({ ...create(terms), hasPreviousSecret: false });
const change = (client: Client, terms: unknown) =>
  toChange(client, parseInput(clientChangeSchema, terms), PRIVATE_HOSTS);

/** What each field is refused with. */
function faultsOf(work: () => unknown): Record<string, string> {
  try {
    work();
  } catch (error) {
    if (isLatchkeyError(error) && error.code === "invalid_request") return error.fields ?? {};
    throw error;
  }
  return {};
}

describe("a new client", () => {
  it("needs little to be said of it", () => {
    expect(create(APP)).toEqual({
      ...APP,
      id: expect.stringMatching(/^client_[A-Za-z0-9_-]{22}$/),
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
      tokensId: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      createdAt: NOW,
      updatedAt: NOW,
    });
  });

  it("is what is said of it", () => {
    const terms = {
      name: "Notes",
      authMethod: "client_secret",
      grantTypes: ["authorization_code", "client_credentials", DEVICE_CODE],
      redirectUris: ["https://notes.example/callback", "com.example.notes:/callback"],
      postLogoutRedirectUris: ["https://notes.example/bye"],
      origins: ["https://notes.example"],
      scope: "openid email offline_access orders:read",
      audiences: ["orders", "https://stock.example/v1"],
      algorithm: "EdDSA",
      requiresDpop: true,
      requiresPushedRequests: true,
      backchannelLogoutUri: "https://notes.example/logout",
    };
    expect(create(terms)).toMatchObject(terms);
  });

  it("has an id and tokens that are nobody else's", () => {
    const [one, other] = [create(APP), create(APP)];
    expect(one.id).not.toBe(other.id);
    expect(one.tokensId).not.toBe(other.tokensId);
    expect(one.id).not.toContain(one.tokensId);
  });

  it("asks for openid where it signs people in, and for nothing where it does not", () => {
    expect(create(DEVICE).scope).toBe("openid");
    expect(create(SERVICE).scope).toBe("");
    expect(create({ ...APP, scope: "" }).scope).toBe("");
  });

  it("has its keys, without what else they say, or the address of them", () => {
    const said = { ...PUBLIC_JWK, use: "sig", x5c: ["a"] };
    expect(create({ ...KEYED, jwks: { keys: [said] } })).toMatchObject({ jwks: KEPT_JWKS, jwksUri: null });
    const published = { ...KEYED, jwks: null, jwksUri: "https://billing.example/jwks" };
    expect(create(published)).toMatchObject({ jwks: null, jwksUri: published.jwksUri });
  });

  it("may be told of a logout at a private host that the settings name", () => {
    const backchannelLogoutUri = "http://billing.internal/logout";
    expect(create({ ...APP, backchannelLogoutUri })).toMatchObject({ backchannelLogoutUri });
  });

  it("has its addresses in one spelling, in which no character is one that cannot be kept", () => {
    const backchannelLogoutUri = " https://NOTES.example:443/log\u0000\nout ";
    expect(create({ ...APP, backchannelLogoutUri }).backchannelLogoutUri).toBe(
      "https://notes.example/log%00out",
    );
  });

  it("has a name as people write them", () => {
    for (const name of ["Ünïcødé ☕", "مفكرة", "می\u200cخواهم", "笔记", "👩‍💻", "a".repeat(80)]) {
      expect(create({ ...APP, name: ` ${name} ` }).name).toBe(name);
    }
  });

  it("has each word of its scope once", () => {
    expect(create({ ...APP, scope: " openid orders:read openid " }).scope).toBe("openid orders:read");
  });
});

const MANY_URIS = Array.from({ length: 21 }, (_, index) => `https://notes.example/${index}`);
const P384 = newKeyPair("ec", { namedCurve: "P-384" }).publicKey.export({ format: "jwk" });

test.each<[field: string, terms: unknown]>([
  ["body", null],
  ["body", []],
  ["name", { ...APP, name: undefined }],
  ...[
    "",
    "  ",
    "\u200b",
    "a".repeat(81),
    "a\u0000b",
    "a\nb",
    "a\u2028b",
    "\u202enotes",
    "no\u200btes",
    "no\u200ctes",
    "no\u200dtes",
    "no\u00adtes",
    "a\u061cb",
    "\ud800",
    7,
  ].map((name): [string, unknown] => ["name", { ...APP, name }]),
  ...[undefined, null, "", "client_secret_post", "NONE"].map((authMethod): [string, unknown] => [
    "authMethod",
    { ...APP, authMethod },
  ]),
  ...[
    null,
    "authorization_code",
    [],
    ["password"],
    ["implicit"],
    ["refresh_token"],
    ["authorization_code", "authorization_code"],
    [7],
  ].map((grantTypes): [string, unknown] => ["grantTypes", { ...APP, grantTypes }]),
  ["grantTypes", { ...SERVICE, authMethod: "none" }],
  ["redirectUris", { ...APP, redirectUris: [] }],
  ["redirectUris", { ...APP, redirectUris: undefined }],
  ["redirectUris", { ...SERVICE, redirectUris: APP.redirectUris }],
  ["redirectUris", { ...DEVICE, redirectUris: APP.redirectUris }],
  ...[
    "https://notes.example/callback",
    { length: 0 },
    [7],
    [null],
    MANY_URIS,
    [...APP.redirectUris, ...APP.redirectUris],
    ["http://notes.example/callback"],
    ["https://notes.example/*"],
    ["javascript:alert(1)"],
  ].map((redirectUris): [string, unknown] => ["redirectUris", { ...APP, redirectUris }]),
  ["postLogoutRedirectUris", { ...APP, postLogoutRedirectUris: ["https://notes.example/#bye"] }],
  ["postLogoutRedirectUris", { ...APP, postLogoutRedirectUris: MANY_URIS }],
  ["origins", { ...APP, origins: ["*"] }],
  ["origins", { ...APP, origins: ["null"] }],
  ["origins", { ...APP, origins: ["https://notes.example/"] }],
  ["origins", { ...APP, origins: ["https://notes.example", "https://notes.example"] }],
  ...["openid  email", 'say "x"', "x".repeat(1001), null, ["openid"]].map((scope): [string, unknown] => [
    "scope",
    { ...APP, scope },
  ]),
  ["scope", { ...APP, scope: "email" }],
  ...["openid", "email openid", "offline_access", "orders:read openid"].map((scope): [string, unknown] => [
    "scope",
    { ...SERVICE, scope },
  ]),
  ["audiences", { ...SERVICE, audiences: [] }],
  ["audiences", { ...SERVICE, audiences: undefined }],
  ["audiences", { ...SERVICE, audiences: ["orders", "orders"] }],
  ["audiences", { ...SERVICE, audiences: ["or ders"] }],
  ["audiences", { ...SERVICE, audiences: Array.from({ length: 21 }, (_, index) => `service-${index}`) }],
  ...["HS256", "PS256", "none", null].map((algorithm): [string, unknown] => [
    "algorithm",
    { ...APP, algorithm },
  ]),
  ["requiresDpop", { ...APP, requiresDpop: "yes" }],
  ["requiresPushedRequests", { ...APP, requiresPushedRequests: null }],
  ...[
    "",
    "logout",
    "http://notes.example/logout",
    "https://notes.example/logout#now",
    "https://me:secret@notes.example/logout",
    "https://127.0.0.1/logout",
    "https://[::1]/logout",
    "file:///etc/passwd",
    `https://notes.example/${"a".repeat(2_000)}`,
    7,
  ].map((backchannelLogoutUri): [string, unknown] => [
    "backchannelLogoutUri",
    { ...APP, backchannelLogoutUri },
  ]),
  ["jwks", { ...KEYED, jwks: undefined }],
  ["jwks", { ...KEYED, jwks: null, jwksUri: null }],
  ["jwks", { ...SERVICE, jwks: KEYED.jwks }],
  ["jwks", { ...APP, jwks: KEYED.jwks }],
  ...["text", [], {}, { keys: [] }, { keys: [PRIVATE_JWK] }, { keys: [P384] }].map(
    (jwks): [string, unknown] => ["jwks", { ...KEYED, jwks }],
  ),
  ["jwksUri", { ...KEYED, jwksUri: "https://billing.example/jwks" }],
  ["jwksUri", { ...SERVICE, jwksUri: "https://billing.example/jwks" }],
  ["jwksUri", { ...KEYED, jwks: undefined, jwksUri: "http://billing.example/jwks" }],
  ["jwksUri", { ...KEYED, jwks: undefined, jwksUri: "https://10.0.0.1/jwks" }],
  ...["id", "secret", "secretHash", "tokensId", "hasPreviousSecret", "createdAt"].map(
    (field): [string, unknown] => [field, { ...APP, [field]: "mine" }],
  ),
])("a fault is told of %s alone: %j", (field, terms) => {
  const faults = faultsOf(() => create(terms));
  expect(Object.keys(faults)).toEqual([field]);
  expect(JSON.stringify(faults)).not.toContain(PRIVATE_JWK.d);
});

test("what does not fit together is told all at once", () => {
  const terms = {
    ...SERVICE,
    authMethod: "none",
    audiences: [],
    redirectUris: APP.redirectUris,
    scope: "email",
  };
  expect(Object.keys(faultsOf(() => create(terms))).toSorted()).toEqual([
    "audiences",
    "grantTypes",
    "redirectUris",
    "scope",
  ]);
});

test("requests are sent ahead by a server or a device, and by no script in a browser", () => {
  const browserApp = { ...APP, authMethod: "none", origins: ["https://notes.example"] };
  const ahead = { requiresPushedRequests: true };
  expect(Object.keys(faultsOf(() => create({ ...browserApp, ...ahead })))).toEqual([
    "requiresPushedRequests",
  ]);
  const device = { ...browserApp, origins: [] };
  const server = { ...browserApp, authMethod: "client_secret" };
  for (const terms of [device, server]) expect(create({ ...terms, ...ahead })).toMatchObject(ahead);
});

test("a fault in a list is told with the number of its entry", () => {
  const redirectUris = ["https://notes.example/callback", "http://notes.example/callback"];
  expect(faultsOf(() => create({ ...APP, redirectUris })).redirectUris).toMatch(/^Entry 2: Use https\./);
});

describe("a change", () => {
  it("is of what is said alone", () => {
    const client = registered({ ...APP, backchannelLogoutUri: "https://notes.example/logout" });
    expect(change(client, {})).toEqual({});
    expect(change(client, { name: " Papers " })).toEqual({ name: "Papers" });
    expect(change(client, { backchannelLogoutUri: null, requiresDpop: true })).toEqual({
      backchannelLogoutUri: null,
      requiresDpop: true,
    });
    expect(change(registered(KEYED), { scope: "orders:read" })).toEqual({ scope: "orders:read" });
  });

  it("takes an input in which nothing is said of a field for one without it", () => {
    const said = { name: "Papers", scope: undefined, jwks: undefined, backchannelLogoutUri: undefined };
    expect(toChange(registered(APP), said, PRIVATE_HOSTS)).toEqual({ name: "Papers" });
  });

  it("puts keys in the place of their address, and the other way round", () => {
    const client = registered(KEYED);
    const jwksUri = "https://billing.example/jwks";
    expect(change(client, { jwksUri })).toEqual({ jwks: null, jwksUri });
    expect(change({ ...client, jwks: null, jwksUri }, { jwks: KEYED.jwks })).toEqual({
      jwks: KEPT_JWKS,
      jwksUri: null,
    });
  });

  it("has to fit what stays as it is", () => {
    const app = registered({ ...APP, scope: "openid email" });
    const keyed = registered(KEYED);
    const rows: [field: string, client: Client, terms: object][] = [
      ["redirectUris", app, { redirectUris: [] }],
      ["redirectUris", app, { grantTypes: [DEVICE_CODE] }],
      ["scope", app, { scope: "email" }],
      [
        "grantTypes",
        app,
        { grantTypes: ["authorization_code", "client_credentials"], audiences: ["orders"] },
      ],
      ["scope", keyed, { scope: "openid" }],
      ["audiences", keyed, { audiences: [] }],
      ["redirectUris", keyed, { grantTypes: ["authorization_code", "client_credentials"] }],
      ["jwks", keyed, { jwks: null }],
      ["jwks", keyed, { jwksUri: null }],
      ["jwksUri", keyed, { jwks: KEYED.jwks, jwksUri: "https://billing.example/jwks" }],
      ["jwks", app, { jwks: KEYED.jwks }],
      ["backchannelLogoutUri", app, { backchannelLogoutUri: "http://notes.example/" }],
    ];
    for (const [field, client, terms] of rows) {
      expect(Object.keys(faultsOf(() => change(client, terms))), JSON.stringify(terms)).toEqual([field]);
    }
  });

  it("may be of several terms that fit together only then", () => {
    const terms = { grantTypes: [DEVICE_CODE], redirectUris: [], scope: "openid" };
    expect(change(registered(APP), terms)).toEqual(terms);
  });

  it.each(["id", "authMethod", "tokensId", "secret", "hasPreviousSecret"])("is never of %s", (field) => {
    const faults = faultsOf(() => change(registered(APP), { [field]: "none" }));
    expect(faults).toEqual({ [field]: "There is no such field." });
  });
});
