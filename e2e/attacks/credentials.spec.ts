import { ACCESS_COOKIE, cookieHeader, REFRESH_COOKIE } from "./support/cookies";
import { expectHarmless, expectInvalidToken, expectProblem, expectSignedOut } from "./support/refusals";
import { expect, type Person, targetOfFile, test } from "./support/target";

/** SECURITY.md, "two credentials" and "tossing": one request, one unmistakable credential, or none. */
const target = targetOfFile();
let ann: Person;
let bob: Person;

test.beforeAll(async () => {
  ann = await target().signUp();
  bob = await target().signUp();
});

const SESSION = "/api/auth/session";

test("control: a cookie is enough, and a bearer token is enough", async () => {
  const { send } = target();
  const cookie = await send({ path: SESSION, headers: { cookie: cookieHeader(ann) } });
  const bearer = await send({ path: SESSION, headers: { authorization: `Bearer ${bob.access}` } });
  expect([cookie.status, bearer.status]).toEqual([200, 200]);
  expect(cookie.text).toContain(ann.email);
  expect(bearer.text).toContain(bob.email);
});

test("a cookie and a bearer token in one request are refused", async () => {
  const rows: [string, string, string][] = [
    ["of two people", cookieHeader({ access: ann.access }), `Bearer ${bob.access}`],
    ["of one person", cookieHeader({ access: ann.access }), `Bearer ${ann.access}`],
    ["both cookies", cookieHeader(ann), `Bearer ${bob.access}`],
    ["the refresh cookie alone", cookieHeader({ refresh: ann.refresh }), `Bearer ${bob.access}`],
    ["an invalid bearer", cookieHeader(ann), "Bearer x"],
    ["an invalid cookie", cookieHeader({ access: "x" }), `Bearer ${bob.access}`],
  ];
  for (const [row, cookie, authorization] of rows) {
    const answer = await target().send({ path: SESSION, headers: { cookie, authorization } });
    expectProblem(answer, [400, 401], row);
    expect.soft(answer.text, row).not.toMatch(ann.email);
    expect.soft(answer.text, row).not.toMatch(bob.email);
  }
});

test("two Authorization headers are refused in either order", async () => {
  const { host } = target();
  const orders = [
    [ann.access, "x"],
    ["x", ann.access],
    [ann.access, bob.access],
    [ann.access, ann.access],
  ];
  for (const [first, second] of orders) {
    const { statuses, text } = await target().raw(
      [
        `GET ${SESSION} HTTP/1.1`,
        `Host: ${host}`,
        `Authorization: Bearer ${first}`,
        `Authorization: Bearer ${second}`,
        "Connection: close",
        "\r\n",
      ].join("\r\n"),
    );
    expect.soft([400, 401], text.slice(0, 400)).toContain(statuses[0]);
    expect.soft(text).not.toMatch(`${ann.email}|${bob.email}`);
  }
});

test("forms of Authorization that are not one Bearer token", async () => {
  const values = [
    "Bearer",
    "Bearer ",
    ann.access,
    `Basic ${ann.access}`,
    `Basic ${Buffer.from(`${ann.email}:${ann.password}`).toString("base64")}`,
    `Token ${ann.access}`,
    `DPoP ${ann.access}`,
    `Bearer,${ann.access}`,
    `Bearer=${ann.access}`,
    `Bearer ${ann.access},Bearer ${ann.access}`,
    `Bearer ${ann.access} Bearer ${bob.access}`,
    `Bearer Bearer ${ann.access}`,
    `Bearer "${ann.access}"`,
    `Bearer\t${ann.access}x`,
    `Bearer${ann.access}`,
  ];
  for (const authorization of values) {
    const answer = await target().send({ path: SESSION, headers: { authorization } });
    expectProblem(answer, [400, 401], authorization.slice(0, 30));
    expect.soft(answer.headers["www-authenticate"], authorization.slice(0, 30)).toMatch(/^Bearer/);
  }
});

test("a token in the query or the body is no credential", async () => {
  const { send, origin } = target();
  for (const name of ["access_token", "token", "accessToken", ACCESS_COOKIE, "sid", "session"]) {
    expectSignedOut(await send({ path: `${SESSION}?${name}=${ann.access}` }), `query ${name}`);
    const body = { [name]: ann.access, currentPassword: ann.password, newPassword: "x" };
    expectSignedOut(await send({ path: "/api/auth/password", headers: { origin }, body }), `body ${name}`);
  }
  const form = await send({
    path: "/api/auth/password",
    headers: { origin, "content-type": "application/x-www-form-urlencoded" },
    body: `access_token=${ann.access}`,
  });
  expectSignedOut(form, "form");
});

test("headers that other products take for an identity", async () => {
  const names = [
    "x-access-token",
    "x-auth-token",
    "x-user",
    "x-user-id",
    "x-forwarded-user",
    "x-forwarded-email",
    "remote-user",
    "x-session",
    "x-claims",
    "x-middleware-rewrite",
    "x-middleware-next",
    "x-middleware-override-headers",
    "x-middleware-request-authorization",
    "x-middleware-request-cookie",
  ];
  for (const name of names) {
    for (const value of [
      ann.access,
      ann.userId,
      ann.email,
      `Bearer ${ann.access}`,
      cookieHeader(ann),
      "authorization",
    ]) {
      expectSignedOut(
        await target().send({ path: SESSION, headers: { [name]: value } }),
        `${name}: ${value.slice(0, 20)}`,
      );
    }
  }
});

test("a session cookie that appears twice is refused, the same value included", async () => {
  const pair = (name: string, ...values: string[]) => values.map((value) => `${name}=${value}`).join("; ");
  const rows = [
    pair(ACCESS_COOKIE, ann.access, bob.access),
    pair(ACCESS_COOKIE, "x", ann.access),
    pair(ACCESS_COOKIE, ann.access, "x"),
    pair(ACCESS_COOKIE, ann.access, ann.access),
    pair(ACCESS_COOKIE, ann.access, ""),
    pair(REFRESH_COOKIE, ann.refresh, bob.refresh),
    pair(REFRESH_COOKIE, ann.refresh, ann.refresh),
    `${cookieHeader(ann)}; ${cookieHeader(bob)}`,
  ];
  for (const cookie of rows) {
    const answer = await target().send({ path: SESSION, headers: { cookie } });
    expectProblem(answer, [400, 401], cookie.slice(0, 60));
  }
  const { statuses, text } = await target().raw(
    [
      `GET ${SESSION} HTTP/1.1`,
      `Host: ${target().host}`,
      `Cookie: ${cookieHeader({ access: ann.access })}`,
      `Cookie: ${cookieHeader({ access: bob.access })}`,
      "Connection: close",
      "\r\n",
    ].join("\r\n"),
  );
  expect([400, 401], text.slice(0, 300)).toContain(statuses[0]);
});

test("only the exact name and the exact value count", async () => {
  const { access } = ann;
  const cookies = [
    `__host-http-access=${access}`,
    `__HOST-HTTP-ACCESS=${access}`,
    `__Host-access=${access}`,
    `__Secure-access=${access}`,
    `access=${access}`,
    `=${ACCESS_COOKIE}=${access}`,
    `${ACCESS_COOKIE}`,
    `${ACCESS_COOKIE}=`,
    `${ACCESS_COOKIE}="${access}"`,
    `$Version=1; ${ACCESS_COOKIE}="${access}"; $Path="/"`,
    `$Version=1, ${ACCESS_COOKIE}=${access}`,
    `a=b, ${ACCESS_COOKIE}=${access}`,
    `a="; ${ACCESS_COOKIE}=${access}"`,
    `%5F_Host-Http-access=${access}`,
    `__Host-Http-acces%73=${access}`,
    `\u00a0${ACCESS_COOKIE}=${access}`,
    `${ACCESS_COOKIE}[]=${access}`,
    `${ACCESS_COOKIE}.0=${access}`,
    `${ACCESS_COOKIE}=${encodeURIComponent(access).replaceAll(".", "%2e")}`,
    `${ACCESS_COOKIE}=j:"${access}"`,
  ];
  for (const cookie of cookies) {
    expectSignedOut(await target().send({ path: SESSION, headers: { cookie } }), cookie.slice(0, 50));
  }
});

test("a cookie header that is broken, long, or named like an object's own members", async () => {
  const cookies = [
    ";;;;",
    "=",
    "a",
    "%",
    "a=%; b=%zz; c=%c0%ae",
    "__proto__=x; constructor=y; hasOwnProperty=z",
    `filler=${"x".repeat(9_000)}`,
    Array.from({ length: 1_500 }, (_, index) => `c${index}=1`).join("; "),
  ];
  for (const cookie of cookies) {
    expectSignedOut(await target().send({ path: SESSION, headers: { cookie } }), cookie.slice(0, 30));
    const signedIn = await target().send({
      path: SESSION,
      headers: { cookie: `${cookie}; ${cookieHeader(ann)}` },
    });
    expect.soft(signedIn.status, `${cookie.slice(0, 30)} beside a session`).toBe(200);
  }
});

test("a refused bearer token changes nothing for the session it names", async () => {
  expectInvalidToken(
    await target().send({ path: SESSION, headers: { authorization: `Bearer ${ann.access}x` } }),
    "altered",
  );
  const answer = await target().send({ path: SESSION, headers: { cookie: cookieHeader(ann) } });
  expect(answer.status).toBe(200);
  expectHarmless(answer, "the session itself");
});
