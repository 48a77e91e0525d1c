import { cookieHeader } from "../attacks/support/cookies";
import { startListener } from "../attacks/support/listener";
import { readForm, submitForm } from "../attacks/support/page-forms";
import type { Person } from "../attacks/support/target";
import { locationOf, obtainCode, pressed, visit } from "./support/browser";
import { begin, type Client, REDIRECT_URI, register } from "./support/client";
import { expectErrorPage } from "./support/error-page";
import { expect, sceneOfFile, test } from "./support/scene";

/** SECURITY.md, the rows of the authorization endpoint: where it redirects, and what it gives. */
const scene = sceneOfFile();
let client: Client;
let person: Person;
test.beforeAll(async () => {
  client = await register(scene(), {
    redirectUris: [
      REDIRECT_URI,
      "https://app.example/a?b=c",
      "http://127.0.0.1/native",
      "com.example.app:/callback",
    ],
  });
  person = await scene().signUp();
});

const ask = async (parameters: Record<string, string | undefined>) =>
  visit(scene(), person, (await begin(scene(), client, parameters)).address);

test("redirect_uri: anything but a registered one is our page, and no redirect", async () => {
  const uris = [
    undefined,
    "",
    "/callback",
    "https://app.example",
    `${REDIRECT_URI}/`,
    `${REDIRECT_URI}?x=1`,
    `${REDIRECT_URI}#f`,
    `${REDIRECT_URI}#`,
    `${REDIRECT_URI}?`,
    `${REDIRECT_URI}%00`,
    `${REDIRECT_URI} `,
    ` ${REDIRECT_URI}`,
    `${REDIRECT_URI}\\`,
    `${REDIRECT_URI}\r\nSet-Cookie: x=1`,
    "https://app.example/%2e%2e/callback",
    "https://app.example/../callback",
    "https://app.example/./callback",
    "https://app.example/%63allback",
    "https://app.example/Callback",
    "https://APP.example/callback",
    "HTTPS://app.example/callback",
    "http://app.example/callback",
    "https://app.example:443/callback",
    "https://app.example:8443/callback",
    "https://app.example./callback",
    "https://sub.app.example/callback",
    "https://app.example.evil.example/callback",
    "https://app.example@evil.example/callback",
    "https://ok@app.example/callback",
    "https://evil.example\\@app.example/callback",
    "https://evil.example/?https://app.example/callback",
    "https://app.example/a",
    "https://app.example/a?b=c&d=e",
    "//app.example/callback",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://localhost:8000/native",
    "http://127.0.0.1:8000/native/",
    "http://127.0.0.1:8000/native?x",
    "http://127.0.0.1:99999/native",
    "http://127.0.0.1:80:80/native",
    "http://127.0.0.1.evil.example/native",
    "http://127.0.0.1@evil.example/native",
    "http://127.0.0.1:1@evil.example/native",
    "http://127.1:8000/native",
    "http://2130706433/native",
    "http://0x7f.0.0.1/native",
    "http://[::1]:8000/native",
    "https://127.0.0.1:8000/native",
    "com.example.app:/other",
    "com.example.app://callback",
    "com.example.evil:/callback",
  ];
  for (const redirect_uri of uris) expectErrorPage(await ask({ redirect_uri }), String(redirect_uri));
  const { address } = await begin(scene(), client);
  address.searchParams.append("redirect_uri", REDIRECT_URI);
  expectErrorPage(await visit(scene(), person, address), "twice");
  address.searchParams.append("redirect_uri", "https://evil.example/");
  expectErrorPage(await visit(scene(), person, address), "twice, the second evil");
});

test("redirect_uri: of a loopback address any port will do, of all others what is registered", async () => {
  for (const redirect_uri of [
    REDIRECT_URI,
    "https://app.example/a?b=c",
    "http://127.0.0.1/native",
    "http://127.0.0.1:1/native",
    "http://127.0.0.1:65535/native",
    "com.example.app:/callback",
  ]) {
    const { callback } = await obtainCode(scene(), client, person, { redirect_uri });
    expect(callback.href.startsWith(redirect_uri), callback.href).toBe(true);
    expect(callback.searchParams.get("code")).toMatch(/^[\w-]{22,}$/);
    if (redirect_uri.includes("?")) expect(callback.searchParams.get("b")).toBe("c");
  }
});

test("client_id: what is no client's is our page", async () => {
  for (const client_id of [
    undefined,
    "",
    "x",
    `client_${"A".repeat(22)}`,
    "latchkey",
    person.userId,
    "\u0000",
    "x".repeat(5_000),
  ])
    expectErrorPage(await ask({ client_id }), String(client_id).slice(0, 40));
  const { address } = await begin(scene(), client);
  address.searchParams.append("client_id", client.client_id);
  expectErrorPage(await visit(scene(), person, address), "twice");
});

test("every other fault is told to the client, with state and iss, and no code", async () => {
  const rows: [changes: Record<string, string | undefined>, error: string | string[]][] = [
    ...["token", "id_token", "code token", "code id_token", "none", "CODE", "code "].map(
      (response_type): [Record<string, string>, string] => [{ response_type }, "unsupported_response_type"],
    ),
    [{ response_type: undefined }, "invalid_request"],
    ...["fragment", "form_post", "query.jwt", "x"].map((response_mode): [Record<string, string>, string] => [
      { response_mode },
      "invalid_request",
    ]),
    [{ code_challenge: undefined, code_challenge_method: undefined }, "invalid_request"],
    [{ code_challenge: "" }, "invalid_request"],
    [{ code_challenge: "x".repeat(42) }, "invalid_request"],
    [{ code_challenge: "x".repeat(129) }, "invalid_request"],
    [{ code_challenge: "+".repeat(43) }, "invalid_request"],
    ...["plain", undefined, "", "s256", "S512"].map(
      (code_challenge_method): [Record<string, string | undefined>, string] => [
        { code_challenge_method },
        "invalid_request",
      ],
    ),
    [{ scope: "openid admin" }, "invalid_scope"],
    [{ scope: "x".repeat(3_000) }, "invalid_scope"],
    [{ scope: 'openid "x"' }, "invalid_scope"],
    [{ prompt: "none login" }, "invalid_request"],
    [{ prompt: "x" }, "invalid_request"],
    [{ max_age: "-1" }, "invalid_request"],
    [{ max_age: "x" }, "invalid_request"],
    [{ resource: scene().origin }, "invalid_target"],
    [{ resource: "https://evil.example/" }, "invalid_target"],
    [{ request: "eyJhbGciOiJub25lIn0.e30." }, "request_not_supported"],
    [{ request: "x".repeat(4_097) }, "invalid_request"],
    [{ claims: "x".repeat(4_097) }, "invalid_request"],
    [{ login_hint: "\u0000" }, "invalid_request"],
  ];
  for (const [changes, error] of rows) {
    const row = JSON.stringify(changes).slice(0, 80);
    const attempt = await begin(scene(), client, changes);
    const answer = await visit(scene(), person, attempt.address);
    expect.soft(answer.status, row).toBe(303);
    const location = locationOf(scene(), answer);
    expect.soft(location.origin + location.pathname, row).toBe(REDIRECT_URI);
    const { error: told, error_description: _, ...rest } = Object.fromEntries(location.searchParams);
    expect.soft([error].flat(), row).toContain(told);
    expect.soft(rest, row).toEqual({ state: attempt.state, iss: scene().origin });
    expect.soft(location.hash, row).toBe("");
  }
});

test("request_uri: nothing that is not ours is fetched", async () => {
  const listener = await startListener();
  for (const request_uri of [
    `http://127.0.0.1:${listener.port}/`,
    "http://169.254.169.254/latest/meta-data/",
    "https://evil.example/request.jwt",
    "file:///etc/passwd",
  ]) {
    const attempt = await begin(scene(), client, { request_uri });
    const location = locationOf(scene(), await visit(scene(), person, attempt.address));
    expect(location.origin + location.pathname).toBe(REDIRECT_URI);
    expect(location.searchParams.get("error"), request_uri).toBe("request_uri_not_supported");
  }
  expect(listener.hits()).toBe(0);
  await listener.close();
});

test("a parameter twice is a fault, and one that nobody knows is none", async () => {
  for (const name of ["state", "nonce", "scope", "code_challenge", "response_type", "prompt", "resource"]) {
    const attempt = await begin(scene(), client, { prompt: "consent", resource: "orders" });
    attempt.address.searchParams.append(name, attempt.address.searchParams.get(name) ?? "");
    const location = locationOf(scene(), await visit(scene(), person, attempt.address));
    expect(location.origin + location.pathname, name).toBe(REDIRECT_URI);
    const told = [location.searchParams.get("error"), location.searchParams.get("state")];
    const error = name === "resource" ? "invalid_target" : "invalid_request";
    expect(told, name).toEqual([error, name === "state" ? null : attempt.state]);
  }
  const { callback } = await obtainCode(scene(), client, person, { utm_source: "x", code: "x", iss: "x" });
  expect([...callback.searchParams.keys()].sort()).toEqual(["code", "iss", "state"]);
});

test("whoever is not signed in is not told whether a consent is there", async () => {
  const { address, state } = await begin(scene(), client, { prompt: "none" });
  const answer = await scene().send({ path: address.pathname + address.search });
  expect(Object.fromEntries(locationOf(scene(), answer).searchParams)).toMatchObject({
    error: "login_required",
    state,
    iss: scene().origin,
  });
});

test("redirects with a code are 303, lead nowhere by the Referer, and are kept by no cache", async () => {
  await obtainCode(scene(), client, person);
  const { address } = await begin(scene(), client);
  const answer = await visit(scene(), person, address);
  expect(answer.status).toBe(303);
  expect(locationOf(scene(), answer).searchParams.has("code")).toBe(true);
  expect(answer.headers["cache-control"]).toContain("no-store");
  expect(answer.headers["referrer-policy"]).toMatch(/no-referrer|same-origin|strict-origin/);
  const posted = await scene().send({
    method: "POST",
    path: address.pathname,
    headers: {
      cookie: cookieHeader(person),
      origin: scene().origin,
      "content-type": "application/x-www-form-urlencoded",
    },
    body: address.search.slice(1),
  });
  expect(posted.status, "by a form").toBe(303);
});

test("HEAD gives no code", async () => {
  await obtainCode(scene(), client, person);
  const { address } = await begin(scene(), client);
  const path = address.pathname + address.search;
  const codes = async () => (await scene().sql("SELECT 1 FROM authorization_codes")).length;
  const before = await codes();
  await scene().send({ method: "HEAD", path, headers: { cookie: cookieHeader(person) } });
  expect(await codes()).toBe(before);
});

test("a consent that another site posts is refused, and gives nothing", async () => {
  const fresh = await register(scene());
  const attempt = await begin(scene(), fresh);
  const page = locationOf(scene(), await visit(scene(), person, attempt.address));
  expect(page.pathname).toBe("/oauth/consent");
  const path = page.pathname + page.search;
  const cookie = cookieHeader(person);
  const form = await readForm(scene(), path, { cookie });
  for (const foreign of [
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "", "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site", origin: "http://evil.localhost" },
  ]) {
    const answer = await submitForm(scene(), form, pressed(form, "allow"), { cookie, ...foreign });
    expect(answer.status, JSON.stringify(foreign)).toBe(403);
  }
  const consents = () => scene().sql("SELECT 1 FROM consents WHERE client_id = $1", [fresh.client_id]);
  expect(await consents()).toEqual([]);
  const outsider = await submitForm(scene(), form, pressed(form, "allow"), {});
  expect(outsider.status).not.toBe(500);
  expect(outsider.text).not.toContain("code=");
  expect(await consents()).toEqual([]);
  for (const method of ["GET", "HEAD"])
    await scene().send({ method, path: `${path}&answer=allow&decision=allow`, headers: { cookie } });
  expect(await consents()).toEqual([]);
});

test("the consent page takes no request that the authorization endpoint would not", async () => {
  const fresh = await register(scene());
  const cookie = cookieHeader(person);
  for (const changes of [
    { redirect_uri: "https://evil.example/" },
    { client_id: "x" },
    { redirect_uri: "javascript:alert(1)" },
  ]) {
    const { address } = await begin(scene(), fresh, changes);
    const answer = await scene().send({ path: `/oauth/consent${address.search}`, headers: { cookie } });
    expect(answer.status, JSON.stringify(changes)).toBeLessThan(500);
    expect(answer.text.replace(/<script[\s\S]*?<\/script>/g, "")).not.toMatch(
      /href="(https:\/\/evil|javascript)/,
    );
    expect(answer.text).not.toMatch(/http-equiv="refresh"/);
    expect(answer.headers.location ?? "").not.toMatch(/evil|javascript/);
  }
});
