import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import { growth, parseExposition, type Samples } from "@/lib/metrics/testing/exposition";
import { cookieHeader, credentialsSet } from "./support/cookies";
import { type Answer, type Call, type HeaderFields, sendTo } from "./support/http";
import { expectProblem } from "./support/refusals";
import { freshPassword, targetOfFile } from "./support/target";

/** What the process counts is for its operators: who reads it, what it says, and that it says nothing else. */
const TOKEN = "bWV0cmljcy10b2tlbi1vZi10aGUtdGVzdHMtYWxvbmU";
const target = targetOfFile({ METRICS_TOKEN: TOKEN });

const WITH_TOKEN = { authorization: `Bearer ${TOKEN}` };
const THROUGH_A_PROXY = { "x-forwarded-for": "127.0.0.1" };

/** Straight from this machine, as an operator's curl would. */
const ask = (call: Partial<Call>, host = target().host): Promise<Answer> =>
  sendTo(target().running.port, host, { path: "/metrics", ...call });

async function scrape(): Promise<Samples> {
  const answer = await ask({});
  expect(answer.status).toBe(200);
  return parseExposition(answer.text);
}

test("this machine reads them, and whoever has the token", async () => {
  for (const [row, headers, host] of [
    ["this machine", {}, target().host],
    ["this machine, by another of its names", {}, "127.0.0.1"],
    ["the token, by address", WITH_TOKEN, "10.0.0.7:3000"],
    ["the token, through a proxy", { ...WITH_TOKEN, ...THROUGH_A_PROXY }, target().host],
  ] satisfies [string, HeaderFields, string][]) {
    const answer = await ask({ headers }, host);
    expect.soft(answer.status, row).toBe(200);
    expect.soft(answer.headers["content-type"], row).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect.soft(answer.headers["cache-control"], row).toBe("no-store");
    expect.soft(parseExposition(answer.text).get("latchkey_revocation_lag_seconds_count"), row).toBeDefined();
  }
});

test("nobody else does", async () => {
  for (const [row, headers, host] of [
    ["a forged address", THROUGH_A_PROXY, target().host],
    ["an empty address", { "x-forwarded-for": "" }, target().host],
    ["another kind of address", { forwarded: "for=127.0.0.1" }, target().host],
    ["a name that leads here", {}, "evil.test"],
    ["an address as host", {}, "10.0.0.7:3000"],
    ["a wrong token", { authorization: `Bearer ${TOKEN}x` }, target().host],
    ["the token under another scheme", { authorization: `Basic ${TOKEN}` }, target().host],
    ["the token in a cookie", { ...THROUGH_A_PROXY, cookie: `metrics=${TOKEN}` }, target().host],
  ] satisfies [string, HeaderFields, string][]) {
    const answer = await ask({ headers }, host);
    expectProblem(answer, 401, row, "not_authenticated");
    expect.soft(answer.headers["www-authenticate"], row).toBe("Bearer");
    expect.soft(answer.text, row).not.toContain("latchkey_");
  }
  expectProblem(await ask({ path: `/metrics?token=${TOKEN}`, headers: THROUGH_A_PROXY }), 401, "a query");
});

test("an administrator's session opens them no more than a stranger's", async () => {
  const admin = await target().logIn(target().admin);
  for (const headers of [{ cookie: cookieHeader(admin) }, { authorization: `Bearer ${admin.access}` }]) {
    expectProblem(await target().send({ path: "/metrics", headers }), 401, "an administrator");
  }
});

test("no other spelling of the address leads to them, even from this machine", async () => {
  const build = readFileSync(join(import.meta.dirname, "../../.next/BUILD_ID"), "utf8");
  const spellings = [
    `/_next/data/${build}/metrics.json`,
    `/_next/data/${build}/metrics`,
    "/_next/data/x/metrics.json",
    "/metrics/",
    "/metrics.rsc",
    "/metrics.json",
    "/metrics.txt",
    "/metrics.segments/_tree.segment.rsc",
    "/METRICS",
    "//metrics",
    "/./metrics",
    "/x/../metrics",
    "/%6detrics",
    "/metrics%2f",
    "/metrics%00",
    "/metrics;x",
    "/metrics/route",
    "/_next/metrics",
    "/healthz/../metrics",
    `http://${target().host}/metrics`,
  ];
  const disguises = [{}, WITH_TOKEN, { ...THROUGH_A_PROXY }, { rsc: "1" }];
  for (const path of spellings) {
    for (const headers of disguises) {
      const answer = await ask({ path, headers });
      const row = `${path} with ${Object.keys(headers)}`;
      expect.soft([303, 307, 308, 400, 401, 404], `${row}: ${answer.status}`).toContain(answer.status);
      expect.soft(answer.text, row).not.toContain("latchkey_");
    }
  }
});

test("they are read with GET and HEAD alone", async () => {
  const head = await ask({ method: "HEAD" });
  expect([head.status, head.text]).toEqual([200, ""]);
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"]) {
    const answer = await ask({ method, headers: { origin: target().origin } });
    expectProblem(answer, 405, method, "method_not_allowed");
    expect.soft(answer.headers.allow, method).toBe("GET, HEAD");
    expectProblem(await ask({ method, headers: THROUGH_A_PROXY }), method === "PURGE" ? 405 : 401, method);
  }
});

test("a session that comes along is neither renewed nor shown", async () => {
  const person = await target().signUp();
  const answer = await ask({ headers: { cookie: cookieHeader({ refresh: person.refresh }) } });
  expect(answer.status).toBe(200);
  expect(answer.setCookies).toEqual([]);
  const [row] = await target().sql<{ generation: number }>("SELECT generation FROM sessions WHERE id = $1", [
    person.sessionId,
  ]);
  expect(row?.generation).toBe(0);
});

/** What is counted of people and their tokens; the denylist is asked as often as it needs to be. */
const COUNTED = /^latchkey_(sign_ins|refreshes|refusals|token_rejections|sessions_ended)_total/;
const REQUESTS = "latchkey_http_request_seconds_count";

async function countedBy(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await scrape();
  await work();
  const grown = Object.entries(growth(before, await scrape()));
  return Object.fromEntries(grown.filter(([series]) => COUNTED.test(series)));
}

test("what happens is counted, each thing once", async () => {
  const { send, sendAs, origin } = target();
  const ann = await target().signUp();
  const refresh = (token: string) =>
    sendAs({ refresh: token }, { method: "POST", path: "/api/auth/refresh" });
  const rows: [name: string, work: () => Promise<unknown>, counted: Record<string, number>][] = [
    ["a sign-in", () => target().logIn(ann), { 'latchkey_sign_ins_total{outcome="succeeded"}': 1 }],
    [
      "a wrong password",
      () =>
        send({
          path: "/api/auth/login",
          headers: { origin },
          body: { email: ann.email, password: freshPassword() },
        }),
      {
        'latchkey_sign_ins_total{outcome="failed"}': 1,
        'latchkey_refusals_total{code="invalid_credentials"}': 1,
      },
    ],
    [
      "a refresh, and the same again",
      async () => {
        await refresh(ann.refresh);
        await refresh(ann.refresh);
      },
      {
        'latchkey_refreshes_total{outcome="rotated"}': 1,
        'latchkey_refreshes_total{outcome="repeated"}': 1,
      },
    ],
    [
      "a refresh token of nobody",
      () => refresh(`${ann.refresh}x`),
      {
        'latchkey_refreshes_total{outcome="refused"}': 1,
        'latchkey_refusals_total{code="invalid_refresh_token"}': 1,
      },
    ],
    [
      "a refresh on the way to a page, whose session goes on",
      () => sendAs({ refresh: ann.refresh }, { path: "/account" }),
      { 'latchkey_refreshes_total{outcome="repeated"}': 1 },
    ],
    [
      "a forged access token",
      () => send({ path: "/api/auth/session", headers: { authorization: `Bearer ${ann.access}x` } }),
      {
        'latchkey_token_rejections_total{reason="malformed"}': 1,
        'latchkey_refusals_total{code="invalid_token"}': 1,
      },
    ],
    [
      "a forged access token on a page that is open to all, which is not refused",
      () => sendAs({ access: `${ann.access}x` }, { path: "/login" }),
      { 'latchkey_token_rejections_total{reason="malformed"}': 1 },
    ],
    [
      "a stranger, to the API and to a page",
      async () => {
        await send({ path: "/api/auth/session" });
        await send({ path: "/account" });
      },
      { 'latchkey_refusals_total{code="not_authenticated"}': 2 },
    ],
    [
      "a body that is not valid, which a handler refuses",
      () => send({ path: "/api/auth/login", headers: { origin }, body: {} }),
      { 'latchkey_refusals_total{code="invalid_request"}': 1 },
    ],
    [
      "a request from another site",
      () => send({ path: "/api/auth/login", headers: { origin: "https://evil.test" }, body: {} }),
      { 'latchkey_refusals_total{code="foreign_origin"}': 1 },
    ],
    [
      "what the front door refuses",
      async () => {
        await ask({ path: "/" }, "evil.test");
        await ask({ method: "PURGE", path: "/" });
      },
      {
        'latchkey_refusals_total{code="misdirected_request"}': 1,
        'latchkey_refusals_total{code="method_not_allowed"}': 1,
      },
    ],
    [
      "a sign-out",
      () => sendAs(ann, { method: "POST", path: "/api/auth/logout" }),
      { 'latchkey_sessions_ended_total{reason="logout"}': 1 },
    ],
    [
      "a token that has been taken back",
      () => sendAs({ access: ann.access }, { path: "/api/auth/session" }),
      {
        'latchkey_token_rejections_total{reason="denied"}': 1,
        'latchkey_refusals_total{code="invalid_token"}': 1,
      },
    ],
  ];
  for (const [name, work, counted] of rows) expect.soft(await countedBy(work), name).toEqual(counted);
});

test("a refresh token that is used twice is counted as reuse", async () => {
  const ann = await target().signUp();
  const refresh = (token: string) =>
    target().sendAs({ refresh: token }, { method: "POST", path: "/api/auth/refresh" });
  const renewed = credentialsSet(await refresh(ann.refresh));
  await target().sendAs(renewed, { path: "/api/auth/session" });
  // On a slow database, what acknowledges them is written after the answer.
  const acknowledged = "SELECT 1 FROM sessions WHERE id = $1 AND acknowledged_generation = generation";
  await expect.poll(() => target().sql(acknowledged, [ann.sessionId])).toHaveLength(1);
  await target().sql(
    "UPDATE sessions SET rotated_at = rotated_at - interval '31 s', acknowledged_at = acknowledged_at - interval '31 s' WHERE id = $1",
    [ann.sessionId],
  );
  expect(await countedBy(() => refresh(ann.refresh))).toEqual({
    'latchkey_refreshes_total{outcome="reuse"}': 1,
    'latchkey_refusals_total{code="invalid_refresh_token"}': 1,
    'latchkey_sessions_ended_total{reason="refresh_token_reuse"}': 1,
  });
});

test("the copy of the denylist is as large as what was denied, and up to date", async () => {
  const before = await scrape();
  const ann = await target().signUp();
  await target().sendAs(ann, { method: "POST", path: "/api/auth/logout" });
  expect(growth(before, await scrape()).latchkey_denylist_entries).toBe(1);
  await expect.poll(async () => (await scrape()).get("latchkey_denylist_age_seconds")).toBeLessThan(1);
});

test("requests are measured by the pattern of their route, and nothing of a caller's becomes a label", async () => {
  const { send, sendAs } = target();
  const ann = await target().signUp();
  const before = await scrape();
  await sendAs(ann, { method: "DELETE", path: "/api/sessions/AAAAAAAAAAAAAAAAAAAAAA" });
  await sendAs(ann, { method: "DELETE", path: "/api/sessions/BBBBBBBBBBBBBBBBBBBBBB" });
  await send({ path: "/made/up-by-a-caller" });
  await send({ path: "/api/made-up" });
  await send({ method: "PURGE", path: "/login" });
  await send({ path: "/login?made=up" });
  const requests = (samples: Samples) =>
    Object.entries(growth(before, samples)).filter(
      ([series]) => series.startsWith(REQUESTS) && !series.includes('"/metrics"'),
    );
  // An answer is measured once it has left, which may be after it has been read.
  await expect.poll(async () => requests(await scrape()).length).toBeGreaterThanOrEqual(5);
  const samples = await scrape();
  const counted = Object.fromEntries(requests(samples));
  expect(counted).toMatchObject({
    [`${REQUESTS}{route="/api/sessions/{id}",method="DELETE",status="404"}`]: 2,
    [`${REQUESTS}{route="/*",method="GET",status="303"}`]: 1,
    [`${REQUESTS}{route="/api/*",method="GET",status="401"}`]: 1,
    [`${REQUESTS}{route="/login",method="GET",status="200"}`]: 1,
    [`${REQUESTS}{route="other",method="other",status="405"}`]: 1,
  });
  expect([...samples.keys()].join("\n")).not.toMatch(/made|MADE|AAAA|BBBB/);
});

test("no secret and no person is in them", async () => {
  const { send, sendAs, origin, appSecret, running } = target();
  const ann = await target().signUp();
  const wrong = freshPassword();
  await send({ path: "/api/auth/login", headers: { origin }, body: { email: ann.email, password: wrong } });
  await send({ path: `/login?token=${ann.access}` });
  await send({ path: `/nowhere/${ann.access}` });
  await send({ path: "/nowhere", headers: { "user-agent": ann.email, authorization: `Bearer ${TOKEN}` } });
  await sendAs(ann, { method: "POST", path: "/api/auth/logout" });
  const { text } = await ask({});
  const { email, userId, sessionId, access, refresh, password } = ann;
  const secrets = { TOKEN, appSecret, wrong, email, userId, sessionId, access, refresh, password };
  for (const [name, value] of Object.entries({ ...secrets, database: running.databaseUrl })) {
    expect.soft(value.length, name).toBeGreaterThan(10);
    expect.soft(text.includes(value), name).toBe(false);
  }
  expect(text).not.toMatch(/@|\b10\.0\.\d+\.\d+\b/);
});
