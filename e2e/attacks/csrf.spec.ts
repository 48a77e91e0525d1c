import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, type BrowserContext, chromium, expect, type Page, test } from "playwright/test";
import { freePort } from "../support/free-port";
import { ACCESS_COOKIE, cookieHeader, REFRESH_COOKIE } from "./support/cookies";
import type { HeaderFields } from "./support/http";
import { expectProblem } from "./support/refusals";
import { type Person, targetOfFile } from "./support/target";
import { startTlsFront, type TlsFront } from "./support/tls-front";

/**
 * SECURITY.md, cookies and CSRF. The product runs behind TLS at a name of its own, so that there is a sibling
 * subdomain, to which a browser sends Strict cookies; `evil.test` is another site altogether.
 */
const OURS = "app.test";
let plainPort = 0;
const fronts: TlsFront[] = [];
const target = targetOfFile(async () => {
  plainPort = await freePort();
  const front = await startTlsFront(plainPort);
  fronts.push(front);
  return { PORT: String(plainPort), APP_ORIGIN: `https://${OURS}:${front.port}` };
});

/** The attacker's server: whatever host it is asked under, it shows `html`. */
let html = "";
let attacker: Server;
let attackerPort = 0;
let browser: Browser;

const TOSSED = [
  `${ACCESS_COOKIE}=tossed; Secure; Domain=${OURS}; Path=/`,
  `${ACCESS_COOKIE}=tossed; Secure; Domain=${OURS}; Path=/api/auth`,
  `=${ACCESS_COOKIE}=tossed; Secure; Domain=${OURS}`,
  `__host-http-access=tossed; Secure; Domain=${OURS}; Path=/`,
  `sid=tossed; Secure; Domain=${OURS}; Path=/`,
];

test.beforeAll(async () => {
  attacker = createServer((request, response) => {
    if (request.url === "/redirect") {
      response.writeHead(307, { location: `${target().origin}/api/auth/logout` }).end();
      return;
    }
    const cookies = request.url === "/toss" ? { "set-cookie": TOSSED } : {};
    response.writeHead(200, { "content-type": "text/html", ...cookies }).end(html);
  });
  await new Promise<void>((resolve) => attacker.listen(0, "localhost", resolve));
  const front = await startTlsFront((attacker.address() as AddressInfo).port);
  fronts.push(front);
  attackerPort = front.port;
  const executablePath = process.env.CHROMIUM_PATH;
  browser = await chromium.launch({
    ...(executablePath ? { executablePath } : {}),
    args: ["--host-resolver-rules=MAP *.test 127.0.0.1", "--ignore-certificate-errors"],
  });
});

test.afterAll(async () => {
  await browser.close();
  attacker.closeAllConnections();
  attacker.close();
  await Promise.all(fronts.map((front) => front.close()));
});

const takeOurTraffic = (): string => fronts[0]?.takeTraffic() ?? "";
const SAME_SITE = () => `https://evil.${OURS}:${attackerPort}`;
const OTHER_PORT = () => `https://${OURS}:${attackerPort}`;
const CROSS_SITE = () => `https://evil.test:${attackerPort}`;

async function signedInBrowser(): Promise<{ context: BrowserContext; page: Page; person: Person }> {
  const person = await target().signUp();
  const context = await browser.newContext();
  const cookie = { url: target().origin, httpOnly: true, secure: true, sameSite: "Strict" as const };
  await context.addCookies([
    { ...cookie, name: ACCESS_COOKIE, value: person.access },
    { ...cookie, name: REFRESH_COOKIE, value: person.refresh },
  ]);
  return { context, page: await context.newPage(), person };
}

const isSignedIn = async (person: Person): Promise<boolean> =>
  (await target().sendAs({ access: person.access }, { path: "/api/auth/session" })).status === 200;

test("an unsafe method with cookies needs an origin that is exactly ours", async () => {
  const { send, origin, signUp } = target();
  const foreign: HeaderFields[] = [
    {},
    { origin: "null" },
    { origin: "" },
    { origin: "https://evil.test" },
    { origin: SAME_SITE() },
    { origin: OTHER_PORT() },
    { origin: `https://${OURS}` },
    { origin: origin.replace("https:", "http:") },
    { origin: `http://localhost:${plainPort}` },
    { origin: `${origin}.evil.test` },
    { origin: `${origin}@evil.test` },
    { origin: `https://evil.test#${origin}` },
    { origin: `${origin}, https://evil.test` },
    { origin: origin.replace(OURS, `x${OURS}`) },
    { origin: "file://" },
    { referer: `${origin}/account` },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "none" },
    { "sec-fetch-site": "same-origin, cross-site" },
    { "sec-fetch-site": "cross-site", origin: "null" },
    { "sec-fetch-site": "same-site", origin: SAME_SITE() },
    { "x-requested-with": "XMLHttpRequest" },
    { "x-forwarded-host": "evil.test", origin: "https://evil.test" },
  ];
  const person = await signUp();
  const calls = [
    { method: "POST", path: "/api/auth/logout" },
    { method: "POST", path: "/api/auth/refresh" },
    { method: "POST", path: "/api/auth/password", body: { currentPassword: "x", newPassword: "y" } },
    { method: "DELETE", path: "/api/sessions?except=current" },
    { method: "DELETE", path: `/api/sessions/${person.sessionId}` },
  ];
  for (const fields of foreign) {
    for (const call of calls) {
      const answer = await send({ ...call, headers: { ...fields, cookie: cookieHeader(person) } });
      expectProblem(answer, 403, `${call.method} ${call.path} ${JSON.stringify(fields)}`);
    }
  }
  expect(await isSignedIn(person)).toBe(true);
  for (const fields of [{ origin }, { "sec-fetch-site": "same-origin" }]) {
    const answer = await send({
      method: "DELETE",
      path: "/api/sessions?except=current",
      headers: { ...fields, cookie: cookieHeader(person) },
    });
    expect(answer.status, JSON.stringify(fields)).toBe(200);
  }
});

test("a call with a bearer token and no cookie needs no origin", async () => {
  const { send, signUp } = target();
  const person = await signUp();
  for (const origin of ["https://evil.test", "null", undefined]) {
    const answer = await send({
      method: "DELETE",
      path: "/api/sessions/AAAAAAAAAAAAAAAAAAAAAA",
      headers: { authorization: `Bearer ${person.access}`, ...(origin === undefined ? {} : { origin }) },
    });
    expectProblem(answer, 404, `Bearer from ${origin}`);
    expect(answer.headers["access-control-allow-origin"], "no CORS").toBeUndefined();
    expect(answer.headers["access-control-allow-credentials"], "no CORS").toBeUndefined();
  }
});

test("login and sign-up from elsewhere are refused (login CSRF)", async () => {
  const { send, signUp } = target();
  const person = await signUp();
  for (const path of ["/api/auth/login", "/api/auth/signup"]) {
    for (const fields of [
      { origin: "https://evil.test" },
      { origin: "null" },
      { origin: SAME_SITE() },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
    ]) {
      const answer = await send({
        path,
        headers: fields,
        body: { email: person.email, password: person.password },
      });
      expectProblem(answer, 403, `${path} ${JSON.stringify(fields)}`);
    }
  }
});

test("a page's form takes no post from elsewhere", async () => {
  const { send, signUp } = target();
  const person = await signUp();
  for (const path of ["/login", "/account", "/admin/users", "/signup", "/reset-password", "/setup"]) {
    for (const origin of ["https://evil.test", "null", SAME_SITE()]) {
      const answer = await send({
        method: "POST",
        path,
        headers: {
          origin,
          cookie: cookieHeader(person),
          "content-type": "application/x-www-form-urlencoded",
        },
        body: "a=b",
      });
      expect.soft(answer.status, `${path} from ${origin}`).toBe(403);
    }
  }
});

const FORMS = (action: string): [string, string][] => [
  ["urlencoded", `<form method="post" action="${action}"><button>go</button></form>`],
  [
    "multipart",
    `<form method="post" enctype="multipart/form-data" action="${action}"><input name="x" value="y"><button>go</button></form>`,
  ],
  [
    "text/plain that reads as JSON",
    `<form method="post" enctype="text/plain" action="${action}"><input name='{"a":"' value='"}'><button>go</button></form>`,
  ],
];

test("in a browser: forms posted from another site, a sibling and another port change nothing", async () => {
  const { context, page, person } = await signedInBrowser();
  const action = `${target().origin}/api/auth/logout`;
  for (const [row, form] of FORMS(action)) {
    for (const from of [CROSS_SITE(), SAME_SITE(), OTHER_PORT()]) {
      html = form;
      await page.goto(`${from}/`);
      const posted = page.waitForResponse((response) => response.url() === action);
      await page.getByRole("button").click();
      expect.soft((await posted).status(), `${row} from ${from}`).toBe(403);
      // The answer comes before its page, which would interrupt the way to the next.
      await page.waitForURL(action);
      expect.soft(await isSignedIn(person), `${row} from ${from}`).toBe(true);
    }
  }
  await context.close();
});

test("in a browser: a null origin from a sandboxed frame, a data: page or a redirect is foreign", async () => {
  const { context, page, person } = await signedInBrowser();
  const action = `${target().origin}/api/auth/logout`;
  const form = `<form method=post action=${action}></form><script>document.forms[0].submit()</script>`;
  const pages: [string, string][] = [
    ["sandboxed frame", `<iframe sandbox="allow-scripts allow-forms" srcdoc="${form}"></iframe>`],
    ["data: frame", `<iframe src="data:text/html,${encodeURIComponent(form)}"></iframe>`],
    [
      "307 from elsewhere",
      `<form method="post" action="${CROSS_SITE()}/redirect"><button>go</button></form>`,
    ],
  ];
  for (const [row, content] of pages) {
    for (const from of [CROSS_SITE(), SAME_SITE()]) {
      html = content;
      takeOurTraffic();
      await page.goto(`${from}/`);
      for (const button of await page.getByRole("button").all()) {
        await button.click();
        await page.waitForURL(action);
      }
      // Not every frame's requests are reported to the page, so the wire itself is asked.
      let seen = "";
      await expect
        .poll(() => {
          seen += takeOurTraffic();
          return /POST \/api\/auth\/logout[\s\S]*?HTTP\/1\.1 (\d{3})/.exec(seen)?.[1];
        }, `${row} from ${from}`)
        .toBe("403");
      expect.soft(seen, `${row} from ${from}`).toMatch(/^origin: null\r$/im);
      expect.soft(await isSignedIn(person), `${row} from ${from}`).toBe(true);
    }
  }
  await context.close();
});

test("in a browser: images, scripts, prefetches and fetches from elsewhere change nothing and read nothing", async () => {
  const { context, page, person } = await signedInBrowser();
  const urls = [
    "/api/auth/logout",
    "/api/auth/session",
    "/api/sessions",
    `/api/sessions/${person.sessionId}`,
  ].map((path) => target().origin + path);
  html = [
    ...urls.map(
      (url) => `<img src="${url}"><link rel="prefetch" href="${url}"><script src="${url}"></script>`,
    ),
    `<script>
      globalThis.results = Promise.all(${JSON.stringify(urls)}.flatMap((url) => [
        fetch(url, { credentials: "include" }).then((r) => r.text(), () => "refused"),
        fetch(url, { credentials: "include", method: "POST", mode: "no-cors" }).then((r) => r.type + r.status, () => "refused"),
        fetch(url, { credentials: "include", method: "DELETE" }).then((r) => r.text(), () => "refused"),
        new Promise((resolve) => resolve(navigator.sendBeacon(url, "x") && "refused")),
      ]));
    </script>`,
  ].join("");
  for (const from of [CROSS_SITE(), SAME_SITE(), OTHER_PORT()]) {
    await page.goto(`${from}/`);
    const results: string[] = await page.evaluate("globalThis.results");
    for (const result of results) expect.soft(["refused", "opaque0"], from).toContain(result);
    expect.soft(await isSignedIn(person), from).toBe(true);
  }
  await context.close();
});

test("in a browser: cookies tossed by a sibling are not used", async () => {
  const { context, page, person } = await signedInBrowser();
  html = "<p>tossed</p>";
  await page.goto(`${SAME_SITE()}/toss`);
  const held = await context.cookies(target().origin);
  const ours = held.filter(({ name }) => name === ACCESS_COOKIE);
  expect(ours.map(({ value }) => value)).toEqual([person.access]);
  const answer = await page.goto(`${target().origin}/api/auth/session`);
  expect(answer?.status()).toBe(200);
  expect(await answer?.text()).toContain(person.email);
  // Somebody without a session is not given the tossed one either.
  const fresh = await browser.newContext();
  const freshPage = await fresh.newPage();
  await freshPage.goto(`${SAME_SITE()}/toss`);
  expect((await freshPage.goto(`${target().origin}/api/auth/session`))?.status()).toBe(401);
  await fresh.close();
  await context.close();
});

test("in a browser: a link from another site lands signed in, and only the navigation is repeated", async () => {
  const { context, page } = await signedInBrowser();
  html = `<a href="${target().origin}/api/sessions">go</a>`;
  await page.goto(`${CROSS_SITE()}/`);
  const posts: string[] = [];
  page.on("request", (request) => {
    if (request.method() !== "GET") posts.push(request.url());
  });
  await page.getByRole("link").click();
  await page.waitForLoadState();
  await expect(page).toHaveURL(`${target().origin}/api/sessions`);
  expect(posts).toEqual([]);
  await context.close();
});

test("the landing page for links from elsewhere holds nothing but a refresh of itself, and only for navigations", async () => {
  const { send } = target();
  const navigation = {
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
  };
  const landing = await send({ path: "/account", headers: navigation });
  expect(landing.status).toBe(200);
  // No URL, or one of characters that a URL's parser removes: the page itself.
  expect(landing.text).toMatch(/<meta http-equiv="refresh" content="0(; url=&#x1f;)?"\/?>/i);
  expect(landing.text).not.toMatch(/<script|<form|<a |<img|<link|<style/i);
  expect(landing.headers["content-security-policy"]).toContain("default-src 'none'");
  expect(landing.headers["cache-control"]).toContain("no-store");
  expect(landing.setCookies).toEqual([]);
  const sameOrigin = await send({
    path: "/account",
    headers: { ...navigation, "sec-fetch-site": "same-origin" },
  });
  expect(sameOrigin.status).toBe(303);
  for (const method of ["POST", "DELETE"]) {
    const answer = await send({ method, path: "/account", headers: navigation });
    expect([403, 405], method).toContain(answer.status);
  }
  const framed = await send({ path: "/account", headers: { ...navigation, "sec-fetch-dest": "iframe" } });
  expect(framed.headers["x-frame-options"]).toBe("DENY");
});
