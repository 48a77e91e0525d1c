import { cookieHeader } from "./support/cookies";
import { lines } from "./support/http";
import { startListener } from "./support/listener";
import { expectHarmless, expectProblem, expectSignedOut } from "./support/refusals";
import { expect, type Person, targetOfFile, test } from "./support/target";

/** SECURITY.md: paths, methods, hosts, and headers that have opened other people's doors. */
const target = targetOfFile();
let ann: Person;
let admin: Person;

test.beforeAll(async () => {
  ann = await target().signUp();
  admin = await target().logIn(target().admin);
});

/** Words that only the protected answers contain. */
const PROTECTED = /"sessions"|"users"|"events"|root@example\.com/;

const request = (line: string, ...fields: string[]) =>
  target().raw(lines(line, `Host: ${target().host}`, "Connection: close", ...fields));

const locationOf = (text: string): string | null => /^location: (.*)\r$/im.exec(text)?.[1] ?? null;

/** A redirect may lead to our own pages only; `//x` and `/\x` are other hosts to a browser. */
function expectOwnLocation(text: string, row: string): void {
  const location = locationOf(text);
  if (location === null) return;
  expect
    .soft(new URL(location, target().origin).origin, `${row}: Location ${location}`)
    .toBe(target().origin);
  expect.soft(location, `${row}: Location`).not.toMatch(/^\/[/\\]/);
}

test("other spellings of a protected path show a stranger nothing, and a user nothing of an administrator's", async () => {
  const spellings = ["/admin", "/admin/users", "/api/admin/users", "/api/admin/sessions", "/account"].flatMap(
    (path) => {
      const [head = "", ...rest] = path.slice(1).split("/");
      const tail = rest.map((part) => `/${part}`).join("");
      return [
        path,
        `/${path}`,
        `//evil.example${path}`,
        `/.${path}`,
        `/x/..${path}`,
        `/${head}/.${tail}`,
        `/%2e%2e${path}`,
        `/%${head.charCodeAt(0).toString(16)}${head.slice(1)}${tail}`,
        `${path}%2f`,
        `${path}/`,
        `${path}//`,
        `${path}/.`,
        path.toUpperCase(),
        `${path};x`,
        `${path};x=/login`,
        `${path}%00`,
        `${path}%20`,
        `${path}\\`,
        path.replaceAll("/", "\\"),
        `/\\${path.slice(1)}`,
        `${path.replaceAll("/", "%2f")}`,
        `${path.replaceAll("/", "%5c")}`,
        `/en${path}`,
        `/_next/..${path}`,
        `/_next/static/../..${path}`,
        `/_next/static/%2e%2e/%2e%2e${path}`,
        `/_next/static/..%2f..${path}`,
        `/_next/static/..\\..${path}`,
        `/_next/static${path}`,
        `/_next/image/../..${path}`,
        `/_next/data/x${path}.json`,
        `/login/..${path}`,
        `/login/%2e%2e${path}`,
        `/healthz/..${path}`,
        `/healthz/../..${path}`,
        `/.well-known/..${path}`,
        `${path}.json`,
        `${path}.rsc`,
        `${path}.txt`,
        `${path}.css`,
        `${path}/x.css`,
        `${path}.segments/_tree.segment.rsc`,
        `${path}?_rsc=1`,
        `${path}?/login`,
        `${path}#/login`,
        `${path}?__nextLocale=x&nxtPid=x&nextInternalLocale=y`,
      ];
    },
  );
  const cookie = `Cookie: ${cookieHeader({ access: ann.access })}`;
  for (const path of spellings) {
    for (const [who, fields] of [
      ["stranger", []],
      ["user", [cookie]],
    ] as const) {
      const row = `${path} as ${who}`;
      const { text, statuses } = await request(`GET ${path} HTTP/1.1`, ...fields);
      expect.soft(statuses[0] ?? 500, row).toBeLessThan(500);
      if (who === "stranger") expect.soft(statuses[0], row).not.toBe(200);
      // A person's own pages name the person; nothing of anybody else may come.
      expect
        .soft(text.split("\r\n\r\n").slice(1).join(), row)
        .not.toMatch(path.includes("account") ? /root@/ : PROTECTED);
      expectOwnLocation(text, row);
    }
  }
});

const ROUTES = [
  "/",
  "/login",
  "/signup",
  "/setup",
  "/account",
  "/admin",
  "/healthz",
  "/readyz",
  "/.well-known/jwks.json",
  "/api/auth/login",
  "/api/auth/signup",
  "/api/auth/refresh",
  "/api/auth/logout",
  "/api/auth/session",
  "/api/auth/password",
  "/api/sessions",
  "/api/sessions/AAAAAAAAAAAAAAAAAAAAAA",
  "/api/admin/sessions",
  "/api/admin/sessions/revoke",
  "/api/admin/users",
  "/api/admin/tokens/revoke",
  "/api/csp-reports",
  "/nowhere",
  "/api/nowhere",
];

test("unknown methods are refused on every route, to everybody", async () => {
  const methods = ["TRACE", "PROPFIND", "MKCOL", "LOCK", "SEARCH", "PURGE", "LINK", "QUERY", "PUT"];
  const secret = "X-Secret: echo-me-if-you-can";
  for (const path of ROUTES) {
    for (const method of methods) {
      for (const fields of [
        [secret],
        [secret, `Cookie: ${cookieHeader({ access: admin.access })}`, `Origin: ${target().origin}`],
      ]) {
        const row = `${method} ${path} ${fields.length > 1 ? "as administrator" : "as stranger"}`;
        const { statuses, text } = await request(`${method} ${path} HTTP/1.1`, ...fields);
        expect.soft([303, 400, 401, 403, 404, 405, 501], `${row}: ${statuses}`).toContain(statuses[0]);
        expect.soft(text, row).not.toMatch(/echo-me/);
        expect.soft(text, row).not.toMatch(PROTECTED);
      }
    }
  }
});

test("405 says which methods there are (RFC 9110 section 15.5.6)", async () => {
  const rows: [string, string][] = [
    ["GET", "/api/auth/login"],
    ["GET", "/api/auth/logout"],
    ["GET", "/api/auth/refresh"],
    ["DELETE", "/api/auth/login"],
    ["POST", "/.well-known/jwks.json"],
    ["POST", "/healthz"],
    ["PUT", "/api/sessions"],
    ["PATCH", "/api/admin/users"],
  ];
  for (const [method, path] of rows) {
    const answer = await target().sendAs(admin, { method, path });
    expectProblem(answer, 405, `${method} ${path}`, "method_not_allowed");
    expect.soft(answer.headers.allow, `${method} ${path}: Allow`).toMatch(/^[A-Z]+(, ?[A-Z]+)*$/);
    expect.soft(answer.headers.allow, `${method} ${path}: Allow`).not.toContain(method);
  }
});

test("a method in lower case, misspelt, or with a control character is none", async () => {
  for (const method of ["get", "Get", "post", "GET\x0b", "GE T", "G\x00ET", "", "FOO", "GET,POST", "é"]) {
    const { statuses, text } = await request(
      `${method} /api/auth/session HTTP/1.1`,
      `Cookie: ${cookieHeader(ann)}`,
    );
    expect.soft([400, 405, 501], JSON.stringify(method)).toContain(statuses[0]);
    expect.soft(text).not.toContain(ann.email);
  }
});

test("a method in a header or a parameter is none either", async () => {
  const { sendAs } = target();
  for (const headers of [
    { "x-http-method-override": "DELETE" },
    { "x-method-override": "DELETE" },
    { "x-http-method": "DELETE" },
  ]) {
    expectProblem(
      await sendAs(ann, { method: "POST", path: `/api/sessions/${ann.sessionId}`, headers }),
      405,
      "header",
    );
  }
  expectProblem(
    await sendAs(ann, { path: `/api/sessions/${ann.sessionId}?_method=DELETE` }),
    [404, 405],
    "parameter",
  );
  expect((await sendAs(ann, { path: "/api/auth/session" })).status).toBe(200);
});

test("HEAD and OPTIONS ask for a sign-in as GET does, and do not tell lengths", async () => {
  for (const path of ["/api/auth/session", "/api/sessions", "/api/admin/users", "/api/admin/sessions"]) {
    for (const method of ["HEAD", "OPTIONS"]) {
      const answer = await target().send({ method, path });
      expect.soft([401, 405], `${method} ${path}`).toContain(answer.status);
      expect.soft(answer.text, `${method} ${path}`).not.toMatch(PROTECTED);
      expect.soft(answer.headers["access-control-allow-origin"], `${method} ${path}`).toBeUndefined();
      const asUser = await target().sendAs(ann, {
        method,
        path: path.replace("/api/sessions", "/api/admin/sessions"),
      });
      if (path.includes("admin"))
        expect.soft([403, 405], `${method} ${path} as user`).toContain(asUser.status);
    }
  }
});

test("no GET has a side effect", async () => {
  const paths = [
    "/api/auth/logout",
    "/api/auth/refresh",
    "/api/auth/password",
    "/api/admin/sessions/revoke?all=true",
    `/api/admin/tokens/revoke?token=${ann.access}`,
    `/api/sessions/${ann.sessionId}`,
    "/api/sessions?except=current",
    "/logout",
    "/login?logout=1",
  ];
  for (const path of paths) {
    for (const method of ["GET", "HEAD"]) {
      const answer = await target().sendAs(admin, { method, path });
      expect.soft(answer.status, `${method} ${path}`).toBeLessThan(500);
      expect.soft(answer.setCookies, `${method} ${path}`).toEqual([]);
    }
  }
  expect((await target().sendAs(ann, { path: "/api/auth/session" })).status).toBe(200);
  expect((await target().sendAs(admin, { path: "/api/auth/session" })).status).toBe(200);
});

test("headers that made Next skip its middleware (CVE-2025-29927) or answer from elsewhere", async () => {
  const repeated = (name: string) => Array(5).fill(name).join(":");
  const subrequests = [
    "middleware",
    "src/middleware",
    "pages/_middleware",
    "proxy",
    "src/proxy",
    repeated("middleware"),
    repeated("src/middleware"),
    repeated("pages/_middleware"),
    repeated("proxy"),
    repeated("src/proxy"),
    "src/middleware:nowaf:src/middleware:src/middleware:src/middleware:src/middleware:middleware:middleware:nowaf:middleware:middleware:middleware:pages/_middleware",
  ];
  const headers = [
    ...subrequests.map((value) => ({ "x-middleware-subrequest": value })),
    { "x-middleware-subrequest-id": "x", "x-middleware-subrequest": repeated("middleware") },
    { "x-middleware-next": "1" },
    {
      "x-middleware-invoke": "1",
      "x-invoke-path": "/login",
      "x-invoke-output": "/login",
      "x-invoke-status": "200",
    },
    { "x-middleware-prefetch": "1" },
    { "x-matched-path": "/login" },
    { "x-nextjs-data": "1" },
    { "x-nextjs-rewrite": "/login" },
    { "x-next-revalidate-tag-token": "x", "x-prerender-revalidate": "x", "x-prerender-bypass": "x" },
    { "next-resume": "1" },
    { "x-original-url": "/login", "x-rewrite-url": "/login" },
    { "x-forwarded-uri": "/login", "x-forwarded-path": "/login", "x-forwarded-prefix": "/login" },
    { purpose: "prefetch" },
    { "sec-purpose": "prefetch" },
    { "sec-purpose": "prefetch;prerender" },
    { "next-router-prefetch": "1" },
    { rsc: "1" },
    { rsc: "1", "next-router-prefetch": "1", "next-router-segment-prefetch": "/_tree" },
    { rsc: "1", "next-router-segment-prefetch": "/_full" },
    { rsc: "1", "next-router-state-tree": "%5B%22%22%5D", "next-url": "/admin" },
    { "next-url": "/login" },
    { "next-hmr-refresh": "1" },
    { "x-vercel-id": "x", "x-now-route-matches": "1=login" },
    { "user-agent": "Googlebot" },
  ];
  for (const header of headers) {
    const row = JSON.stringify(header).slice(0, 80);
    expectSignedOut(await target().send({ path: "/api/admin/users", headers: header }), `${row}: API`);
    for (const path of ["/account", "/admin", "/admin/users"]) {
      const page = await target().send({ path, headers: header });
      expectHarmless(page, `${row}: ${path}`);
      expect.soft(page.status, `${row}: ${path}`).toBe(303);
      expect.soft(page.headers.location, `${row}: ${path}`).toMatch(/^\/login\?return_to=/);
      const asUser = await target().send({
        path,
        headers: { ...header, cookie: cookieHeader({ access: ann.access }) },
      });
      if (path !== "/account")
        expect.soft(asUser.text, `${row}: ${path} as user`).not.toMatch(/root@example\.com/);
    }
  }
});

test("a foreign Host is refused, and no header beside it is believed", async () => {
  const { host, origin, raw, send, running } = target();
  const foreign = [
    "evil.example",
    `evil.example:${running.port}`,
    `${host}.evil.example`,
    `${host}@evil.example`,
    `evil.example/${host}`,
    `evil.example#${host}`,
    `evil.example, ${host}`,
    `${host}:80`,
    "localhost:1",
    "",
    "[::1",
    "localhost:99999",
  ];
  for (const value of foreign) {
    for (const path of ["/login", "/api/auth/session", "/account", "/"]) {
      const { statuses, text } = await raw(
        lines(`GET ${path} HTTP/1.1`, `Host: ${value}`, "Connection: close"),
      );
      expect.soft([400, 421], `Host "${value}" ${path}`).toContain(statuses[0]);
      expect.soft(text, `Host "${value}" ${path}`).not.toMatch(/evil/);
    }
  }
  for (const headers of [
    { "x-forwarded-host": "evil.example" },
    { forwarded: "host=evil.example;proto=http" },
    { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https", "x-forwarded-port": "443" },
    { "x-forwarded-proto": "http" },
    {
      "x-forwarded-server": "evil.example",
      "x-host": "evil.example",
      "x-http-host-override": "evil.example",
    },
  ]) {
    const page = await send({ path: "/account", headers });
    expect(page.headers.location).toBe("/login?return_to=%2Faccount");
    const login = await send({ path: "/login", headers });
    expect(login.text + JSON.stringify(login.headers)).not.toContain("evil.example");
    const made = await target().sendAs(admin, {
      path: "/api/admin/users",
      headers,
      body: { email: `h${Math.random()}@example.com` },
    });
    expect(JSON.parse(made.text).link.url).toMatch(new RegExp(`^${origin}/`));
    const token = await target().send({
      path: "/api/auth/login",
      headers: { ...headers, origin },
      body: { email: ann.email, password: ann.password },
    });
    expect(token.setCookies.every((line) => /; Secure/.test(line) && !/domain/i.test(line))).toBe(true);
  }
});

test("two Hosts, no Host, and an absolute-form target", async () => {
  const { host, raw, origin } = target();
  const rows: [string, string[]][] = [
    ["two alike", ["GET /login HTTP/1.1", `Host: ${host}`, `Host: ${host}`]],
    ["ours, then foreign", ["GET /login HTTP/1.1", `Host: ${host}`, "Host: evil.example"]],
    ["foreign, then ours", ["GET /login HTTP/1.1", "Host: evil.example", `Host: ${host}`]],
    ["none", ["GET /login HTTP/1.1"]],
    ["absolute, foreign", ["GET http://evil.example/login HTTP/1.1", `Host: ${host}`]],
    [
      "absolute, foreign and protected",
      ["GET http://evil.example/api/admin/users HTTP/1.1", `Host: ${host}`],
    ],
    ["absolute, other scheme", ["GET ftp://evil.example/ HTTP/1.1", `Host: ${host}`]],
    ["absolute, ours under a foreign Host", [`GET ${origin}/login HTTP/1.1`, "Host: evil.example"]],
    ["absolute, with credentials", [`GET http://${host}@evil.example/ HTTP/1.1`, `Host: ${host}`]],
    ["authority", ["GET evil.example:80 HTTP/1.1", `Host: ${host}`]],
    ["asterisk", ["GET * HTTP/1.1", `Host: ${host}`]],
    ["OPTIONS *", ["OPTIONS * HTTP/1.1", `Host: ${host}`]],
    ["CONNECT", ["CONNECT evil.example:443 HTTP/1.1", "Host: evil.example:443"]],
    ["CONNECT loopback", ["CONNECT 127.0.0.1:22 HTTP/1.1", `Host: ${host}`]],
  ];
  for (const [row, fields] of rows) {
    const { statuses, text, closed } = await raw(lines(...fields, "Connection: close"));
    // Node itself hangs up on CONNECT, without a word.
    if (row.startsWith("CONNECT") && statuses.length === 0) expect.soft(closed, row).toBe(true);
    else expect.soft([400, 404, 405, 421, 501], `${row}: ${statuses}`).toContain(statuses[0]);
    expect.soft(text, row).not.toMatch(/evil|root@/);
  }
});

/** A body of unsaid length gets 411, a request without a Host 421: refusals as final as 400, before any of it is read. */
const FINAL_REFUSALS = [400, 411, 421];

test("request smuggling: refused with one answer, and the connection is closed", async () => {
  const { host } = target();
  const smuggled = `GET /api/admin/users HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookieHeader({ access: admin.access })}\r\n\r\n`;
  const post = (...fields: string[]) =>
    `${["POST /api/auth/login HTTP/1.1", `Host: ${host}`, `Origin: ${target().origin}`, "Content-Type: application/json", ...fields].join("\r\n")}\r\n\r\n0\r\n\r\n${smuggled}`;
  const rows: [string, string][] = [
    ["CL and TE", post("Content-Length: 5", "Transfer-Encoding: chunked")],
    ["TE and CL", post("Transfer-Encoding: chunked", "Content-Length: 5")],
    ["CL and TE, 0", post("Content-Length: 0", "Transfer-Encoding: chunked")],
    ["two CL", post("Content-Length: 5", "Content-Length: 6")],
    ["two CL alike", post("Content-Length: 5", "Content-Length: 5")],
    ["CL list", post("Content-Length: 5, 5")],
    ["CL +5", post("Content-Length: +5")],
    ["CL -5", post("Content-Length: -5")],
    ["CL 0x5", post("Content-Length: 0x5")],
    ["CL 5 6", post("Content-Length: 5 6")],
    ["CL empty", post("Content-Length:")],
    ["CL huge", post("Content-Length: 99999999999999999999999")],
    ["TE xchunked", post("Transfer-Encoding: xchunked")],
    ["TE identity", post("Transfer-Encoding: identity")],
    ["TE chunked, identity", post("Transfer-Encoding: chunked, identity")],
    ["TE twice", post("Transfer-Encoding: chunked", "Transfer-Encoding: identity")],
    ["TE with a space before the colon", post("Transfer-Encoding : chunked", "Content-Length: 5")],
    ["TE with a tab before the colon", post("Transfer-Encoding\t: chunked", "Content-Length: 5")],
    ["TE on a folded line", post("Transfer-Encoding:\r\n chunked", "Content-Length: 5")],
    ["TE with a vertical tab", post("Transfer-Encoding: \x0bchunked", "Content-Length: 5")],
    ["TE in quotes", post('Transfer-Encoding: "chunked"', "Content-Length: 5")],
    ["obs-fold", post("X-Folded: a\r\n b", "Content-Length: 5")],
    ["a space before the first header", post(" X-Spaced: a", "Content-Length: 5")],
    ["a header without a name", post(": a", "Content-Length: 5")],
    ["a NUL in a header", post("X-Nul: a\0b", "Content-Length: 5")],
    ["a bare CR in a header", post("X-Bare: a\rb", "Content-Length: 5")],
    ["bare LF throughout", post("Content-Length: 5").replaceAll("\r\n", "\n")],
    ["bare LF after one header", post("X-Bare: a\nX-Other: b", "Content-Length: 5")],
    [
      "chunk size in a strange form",
      post("Transfer-Encoding: chunked").replace("\r\n\r\n0\r\n", "\r\n\r\n0x5\r\nhello\r\n0\r\n"),
    ],
    [
      "chunk size too large",
      post("Transfer-Encoding: chunked").replace("\r\n\r\n0\r\n", "\r\n\r\nfffffffffffffffff\r\n"),
    ],
    [
      "chunk with a bare LF",
      post("Transfer-Encoding: chunked").replace("\r\n\r\n0\r\n", "\r\n\r\n1\nx\n0\n"),
    ],
    ["HTTP/1.1 and a half", `GET / HTTP/1.15\r\nHost: ${host}\r\n\r\n${smuggled}`],
    ["HTTP/0.9", `GET /api/auth/session\r\n\r\n${smuggled}`],
    ["HTTP/2 preface", `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${smuggled}`],
    ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ];
  for (const [row, bytes] of rows) {
    const { statuses, text, closed } = await target().raw(bytes);
    expect.soft(text, row).not.toMatch(PROTECTED);
    expect.soft(statuses, row).toHaveLength(1);
    expect.soft(FINAL_REFUSALS, row).toContain(statuses[0]);
    expect.soft(closed, `${row}: closed`).toBe(true);
  }
});

test("a second request behind an honest one is a request of its own, with its own verdict", async () => {
  const { host, raw } = target();
  const first = `GET /api/auth/session HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookieHeader({ access: ann.access })}\r\n\r\n`;
  const second = lines("GET /api/auth/session HTTP/1.1", `Host: ${host}`, "Connection: close");
  expect((await raw(first + second)).statuses).toEqual([200, 401]);
});

test("an upgrade goes nowhere", async () => {
  const listener = await startListener();
  const { host, raw } = target();
  const websocket = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
  ];
  const inside = `http://127.0.0.1:${listener.port}`;
  const targets = [
    "/",
    "/admin",
    "/api/admin/users",
    "/_next/webpack-hmr",
    "/_next/hmr",
    `${inside}/`,
    `//127.0.0.1:${listener.port}/`,
    `/${inside}`,
  ];
  for (const path of targets) {
    const { statuses, text, closed } = await raw(
      lines(`GET ${path} HTTP/1.1`, `Host: ${host}`, ...websocket),
    );
    expect.soft(text, path).not.toMatch(PROTECTED);
    if (statuses.length > 0)
      expect.soft(Math.floor((statuses[0] ?? 0) / 100), `${path}: ${statuses}`).toBe(4);
    else expect.soft(closed, `${path}: hung up`).toBe(true);
  }
  for (const fields of [
    ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"],
    ["Connection: Upgrade", "Upgrade: TLS/1.0"],
  ]) {
    const { statuses } = await raw(lines("GET /api/admin/users HTTP/1.1", `Host: ${host}`, ...fields));
    expect.soft(statuses, fields.join()).not.toContain(101);
    expect.soft(statuses, fields.join()).not.toContain(200);
  }
  expect(listener.hits()).toBe(0);
  await listener.close();
});

test("there is no image optimiser, and nothing else of Next that fetches", async () => {
  const listener = await startListener();
  const inside = `127.0.0.1:${listener.port}`;
  const paths = [
    "/_next/image",
    `/_next/image?url=http%3A%2F%2F${encodeURIComponent(inside)}%2Fx.png&w=64&q=75`,
    `/_next/image?url=%2F%2F${encodeURIComponent(inside)}%2Fx.png&w=64&q=75`,
    "/_next/image?url=%2F%2Fevil.example&w=64&q=75",
    "/_next/image?url=%2Fapi%2Fadmin%2Fusers&w=64&q=75",
    "/_next/image?url=%2Ficon.svg&w=64&q=75",
    "/_next/image?url=%2Fx.avif&w=64&q=75",
    "/_next/data/x/index.json",
    "/_next/webpack-hmr",
    "/__nextjs_original-stack-frame",
    "/__nextjs_source-map?filename=x",
    "/_next/static/../../.env",
    "/.env",
    "/.next/BUILD_ID",
    "/.data/secret",
    "/.git/HEAD",
    "/package.json",
    "/server.ts",
  ];
  for (const path of paths) {
    for (const headers of [{}, { cookie: cookieHeader({ access: ann.access }) }]) {
      const answer = await target().send({ path, headers });
      expectHarmless(answer, path);
      expect.soft([303, 400, 401, 404], `${path}: ${answer.status}`).toContain(answer.status);
      if (path.startsWith("/_next/image")) expect.soft(answer.status, path).toBe(404);
    }
  }
  expect(listener.hits()).toBe(0);
  await listener.close();
});
