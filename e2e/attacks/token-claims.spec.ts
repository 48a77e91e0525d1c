import { ACCESS_COOKIE, cookieHeader, cookieSet, REFRESH_COOKIE } from "./support/cookies";
import { createForge, type Forge, type Json } from "./support/forge";
import { expectInvalidToken, expectSignedOut } from "./support/refusals";
import { expect, type Person, targetOfFile, test } from "./support/target";

/** SECURITY.md, rows on what a token says. Each is validly signed, and differs from a real token in one thing. */
const target = targetOfFile();
let person: Person;
let forge: Forge;

test.beforeAll(async () => {
  person = await target().signUp();
  forge = await createForge(target(), person.access);
});

const nowSeconds = () => Math.floor(Date.now() / 1000);
const TOLERANCE_SECONDS = 10;
const LIFETIME_SECONDS = 600;
/** The most that ACCESS_TOKEN_MINUTES allows: a token made before the setting was lowered stays valid (API.md, 5 to 15). */
const MAX_LIFETIME_SECONDS = 900;

const asBearer = (token: string) =>
  target().send({ path: "/api/auth/session", headers: { authorization: `Bearer ${token}` } });
const asCookie = (token: string) =>
  target().send({ path: "/api/auth/session", headers: { cookie: cookieHeader({ access: token }) } });

async function refuse(rows: [name: string, token: () => string][]): Promise<void> {
  for (const [name, token] of rows) {
    expectInvalidToken(await asBearer(token()), `${name} (Bearer)`);
    expectSignedOut(await asCookie(token()), `${name} (cookie)`);
  }
}

const refuseClaims = (rows: [name: string, claims: () => Json][]) =>
  refuse(rows.map(([name, claims]) => [name, () => forge.withClaims(claims())]));

const refuseValues = (claim: string, values: unknown[]) =>
  refuseClaims(values.map((value) => [`${claim} ${JSON.stringify(value)}`, () => ({ [claim]: value })]));

/** JSON text of the genuine claims with one value written as given: numbers that JavaScript would not write. */
const withRawValue = (claim: string, text: string) =>
  forge.signed(forge.header, JSON.stringify({ ...forge.claims, [claim]: "@" }).replace('"@"', text));

const NOT_A_TIME = ["", "1", "NaN", "1795511447", null, undefined, true, [1795511447], {}, -1, 0, 1.5];

test("exp", async () => {
  await refuseValues("exp", NOT_A_TIME);
  await refuse(
    ["1e308", "1e309", "-1e309", "1795511447.5", "1e12"].map((text) => [
      `exp ${text}`,
      () => withRawValue("exp", text),
    ]),
  );
  await refuseClaims([
    [
      "long expired",
      () => ({ exp: nowSeconds() - 3600, iat: nowSeconds() - 4200, nbf: nowSeconds() - 4200 }),
    ],
    [
      "just beyond the tolerance",
      () => lifetimeFrom(nowSeconds() - LIFETIME_SECONDS - TOLERANCE_SECONDS - 1),
    ],
  ]);
});

test("exp: the tolerance is there, and used", async () => {
  // Two seconds past its time, and eight from the limit: time enough between signing and verifying.
  const token = forge.withClaims(lifetimeFrom(nowSeconds() - LIFETIME_SECONDS - TOLERANCE_SECONDS + 8));
  expect((await asBearer(token)).status).toBe(200);
});

test("nbf and iat", async () => {
  await refuseValues(
    "nbf",
    NOT_A_TIME.filter((value) => value !== 0),
  );
  await refuseValues(
    "iat",
    NOT_A_TIME.filter((value) => value !== 0),
  );
  await refuse(
    ["nbf", "iat"].flatMap((claim) =>
      ["1e308", "-1e309", "1e309"].map((text): [string, () => string] => [
        `${claim} ${text}`,
        () => withRawValue(claim, text),
      ]),
    ),
  );
  await refuseClaims([
    ["nbf 61 s ahead", () => ({ nbf: nowSeconds() + 61 })],
    ["nbf beyond the tolerance", () => ({ nbf: nowSeconds() + TOLERANCE_SECONDS + 30 })],
    ["iat 61 s ahead", () => ({ iat: nowSeconds() + 61, exp: nowSeconds() + 61 + 500 })],
    ["iat beyond the tolerance", () => ({ iat: nowSeconds() + TOLERANCE_SECONDS + 30 })],
    ["iat after exp", () => ({ iat: nowSeconds() + 5, exp: nowSeconds() + 4, nbf: nowSeconds() })],
    ["a lifetime one second too long", () => ({ exp: Number(forge.claims.iat) + MAX_LIFETIME_SECONDS + 1 })],
    ["a lifetime of a year", () => ({ exp: nowSeconds() + 31_536_000 })],
    ["iat 0", () => ({ iat: 0 })],
  ]);
  const slightlyAhead = forge.withClaims({ nbf: nowSeconds() + TOLERANCE_SECONDS - 3 });
  expect((await asBearer(slightlyAhead)).status).toBe(200);
});

test("aud", async () => {
  const { origin } = target();
  await refuseValues("aud", [
    "https://other.example",
    "",
    null,
    undefined,
    [],
    [[origin]],
    { 0: origin },
    0,
    true,
    origin.toUpperCase(),
    `${origin}/`,
    ` ${origin}`,
    origin.replace("http:", "https:"),
    `${origin}.evil.example`,
    ["https://other.example"],
    [origin, 1],
    [origin, null],
  ]);
  // RFC 7519 section 4.1.3: one exact member among several is enough, or none at all may be taken.
  const both = await asBearer(forge.withClaims({ aud: ["https://other.example", origin] }));
  expect([200, 401]).toContain(both.status);
});

test("iss", async () => {
  const { origin } = target();
  await refuseValues("iss", [
    "https://other.example",
    "",
    null,
    undefined,
    [origin],
    {},
    `${origin}/`,
    origin.toUpperCase(),
    origin.replace("http:", "https:"),
    origin.replace("localhost", "127.0.0.1"),
    `${origin}@evil.example`,
  ]);
});

test("typ", async () => {
  const kinds: unknown[] = [
    "JWT",
    "jwt",
    undefined,
    null,
    "",
    "at",
    "at+jwt ",
    "rt+jwt",
    "id+jwt",
    "logout+jwt",
    "dpop+jwt",
    "dbsc+jwt",
    "oauth-authz-req+jwt",
    "secevent+jwt",
    "token-introspection+jwt",
    "text/at+jwt",
    "application/",
    ["at+jwt"],
    { typ: "at+jwt" },
    0,
  ];
  await refuse(kinds.map((typ) => [`typ ${JSON.stringify(typ)}`, () => forge.withHeader({ typ })]));
});

test("typ is compared as a media type (RFC 7515 section 4.1.9)", async () => {
  for (const typ of ["application/at+jwt", "AT+JWT", "application/At+Jwt"]) {
    expect((await asBearer(forge.withHeader({ typ }))).status, typ).toBe(200);
  }
});

test("jti, sub, sid and the other claims are required, and of their type", async () => {
  for (const claim of ["jti", "sub", "sid", "client_id"]) {
    await refuseValues(claim, [undefined, null, 0, true, "", [], {}, ["x"]]);
  }
  await refuseValues("gen", [undefined, null, "0", -1, 0.5, [], {}]);
  await refuseValues("role", [undefined, null, "root", "ADMIN", ["admin"], { admin: true }, 1]);
  await refuseValues("auth_time", [undefined, null, "0", -1, 0.5]);
});

test("a token about a person or a session there never was says nothing about anyone", async () => {
  for (const claims of [
    { sub: "00000000-0000-4000-8000-000000000000" },
    { sub: "' OR 1=1--" },
    { sub: "x".repeat(200) },
    { sub: person.email },
    { sid: "AAAAAAAAAAAAAAAAAAAAAA", sub: "00000000-0000-4000-8000-000000000000" },
  ]) {
    const answer = await asBearer(forge.withClaims(claims));
    expect.soft([401, 404], JSON.stringify(claims)).toContain(answer.status);
    expect.soft(answer.text, JSON.stringify(claims)).not.toContain(person.email);
  }
});

test("a role in the token is no way to be an administrator of another's session", async () => {
  const tampered = person.access.split(".");
  tampered[1] = Buffer.from(JSON.stringify({ ...forge.claims, role: "admin" })).toString("base64url");
  const answer = await target().send({
    path: "/api/admin/users",
    headers: { authorization: `Bearer ${tampered.join(".")}` },
  });
  expectInvalidToken(answer, "role changed");
});

test("an access token is no refresh token, and the reverse", async () => {
  const { send, sendAs } = target();
  expectInvalidToken(
    await send({ path: "/api/auth/session", headers: { authorization: `Bearer ${person.refresh}` } }),
    "refresh token as Bearer",
  );
  expectSignedOut(await asCookie(person.refresh), "refresh token as access cookie");
  const refreshed = await sendAs({ refresh: person.access }, { method: "POST", path: "/api/auth/refresh" });
  expect(refreshed.status).toBe(401);
  expect(cookieSet(refreshed, ACCESS_COOKIE) || null).toBeNull();
  expect((await sendAs(person, { path: "/api/auth/session" })).status, "the session is none the worse").toBe(
    200,
  );
});

test("a forged access token beside a true refresh token makes nobody but the refresh token's owner", async () => {
  const admin = await target().logIn(target().admin);
  const forgedAccess = forge.withHeader({ alg: "none" });
  const stranger = await target().signUp();
  for (const access of [forgedAccess, admin.access.slice(0, -4), `${admin.access}.`, "x"]) {
    const answer = await target().sendAs({ access, refresh: stranger.refresh }, { path: "/api/admin/users" });
    expect([401, 403]).toContain(answer.status);
  }
});

test("an expired access token beside a true refresh token is renewed in line, whatever the method", async () => {
  const expired = forge.withClaims(lifetimeFrom(nowSeconds() - 3600));
  const read = await target().sendAs(
    { access: expired, refresh: person.refresh },
    { path: "/api/auth/session" },
  );
  expect(read.status).toBe(200);
  expect(cookieSet(read, ACCESS_COOKIE)).toMatch(/^ey/);
  expect(cookieSet(read, REFRESH_COOKIE)).not.toBeNull();
  const wrote = await target().sendAs(
    { refresh: cookieSet(read, REFRESH_COOKIE) ?? "" },
    { method: "DELETE", path: "/api/sessions?except=current" },
  );
  expect(wrote.status).toBe(200);
});

const lifetimeFrom = (iat: number): Json => ({ iat, nbf: iat, exp: iat + LIFETIME_SECONDS });
