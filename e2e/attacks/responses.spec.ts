import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ACCESS_COOKIE, REFRESH_COOKIE } from "./support/cookies";
import { type Answer, lines, type RawAnswer } from "./support/http";
import { expectHarmless } from "./support/refusals";
import { expect, type Person, targetOfFile, test } from "./support/target";

/** SECURITY.md: W1, W2, C1, cache and cookie-scope rows. What every answer carries, whatever it answers. */
const target = targetOfFile();
let ann: Person;
let admin: Person;

test.beforeAll(async () => {
  ann = await target().signUp();
  admin = await target().logIn(target().admin);
});

const asAnn = (path: string) => target().sendAs({ access: ann.access }, { path });

async function staticFile(extension: "js" | "css"): Promise<string> {
  const { text } = await target().send({ path: "/login" });
  const path = new RegExp(`/_next/static/[^"']+\\.${extension}`).exec(text)?.[0];
  if (path === undefined) throw new Error("The login page names no static file.");
  return path;
}

/** One of each kind of answer. */
async function everyKind(): Promise<[kind: string, status: number, answer: Answer][]> {
  const { send, sendAs, origin } = target();
  const jwks = await send({ path: "/.well-known/jwks.json" });
  const script = await staticFile("js");
  const asset = await send({ path: script });
  const notModified = (path: string, etag: string | undefined) =>
    send({ path, headers: { "if-none-match": etag ?? "" } });
  const login = { email: ann.email, password: ann.password };
  return [
    ["page", 200, await send({ path: "/login" })],
    ["page, signed in", 200, await asAnn("/account")],
    ["API", 200, await asAnn("/api/auth/session")],
    [
      "API, created",
      201,
      await sendAs(admin, { path: "/api/admin/users", body: { email: `${Date.now()}@example.com` } }),
    ],
    [
      "API, no content",
      204,
      await sendAs(await target().signUp(), { method: "POST", path: "/api/auth/logout" }),
    ],
    ["sign-in", 200, await send({ path: "/api/auth/login", headers: { origin }, body: login })],
    ["redirect", 303, await send({ path: "/account" })],
    ["JWKS", 200, jwks],
    ["JWKS not modified", 304, await notModified("/.well-known/jwks.json", jwks.headers.etag)],
    ["static file", 200, asset],
    ["static file not modified", 304, await notModified(script, asset.headers.etag)],
    ["static file that is not there", 404, await send({ path: "/_next/static/chunks/none.js" })],
    ["icon", 200, await send({ path: "/icon.svg" })],
    ["bad request", 400, await send({ path: "/api/auth/login", headers: { origin }, body: "{" })],
    ["unauthorized", 401, await send({ path: "/api/auth/session" })],
    ["forbidden", 403, await asAnn("/api/admin/users")],
    [
      "forbidden, foreign origin",
      403,
      await send({ path: "/api/auth/login", headers: { origin: "http://evil.example" }, body: login }),
    ],
    ["page not found", 404, await asAnn("/nowhere")],
    ["page not found, signed out", 303, await send({ path: "/nowhere" })],
    ["API not found", 404, await asAnn("/api/nowhere")],
    ["page not for this person", 403, await asAnn("/admin/users")],
    ["method", 405, await send({ path: "/api/auth/login" })],
    ["health", 200, await send({ path: "/healthz" })],
    ["readiness", 200, await send({ path: "/readyz" })],
    [
      "landing",
      200,
      await send({
        path: "/account",
        headers: {
          "sec-fetch-site": "cross-site",
          "sec-fetch-mode": "navigate",
          "sec-fetch-dest": "document",
        },
      }),
    ],
    [
      "misdirected",
      421,
      asAnswer(await target().raw(lines("GET /login HTTP/1.1", "Host: evil.example", "Connection: close"))),
    ],
    [
      "too large",
      413,
      asAnswer(
        await target().raw(
          lines("POST /api/auth/login HTTP/1.1", `Host: ${target().host}`, "Content-Length: 99999999"),
        ),
      ),
    ],
    [
      "header too large",
      431,
      asAnswer(
        await target().raw(
          lines("GET /login HTTP/1.1", `Host: ${target().host}`, `X-Filler: ${"x".repeat(20_000)}`),
        ),
      ),
    ],
    [
      "upgrade",
      400,
      asAnswer(
        await target().raw(
          lines("GET / HTTP/1.1", `Host: ${target().host}`, "Connection: Upgrade", "Upgrade: websocket"),
        ),
      ),
    ],
    ["not HTTP", 400, asAnswer(await target().raw(lines("G\0T / HTTP/1.1", `Host: ${target().host}`)))],
  ];
}

function asAnswer({ text, statuses }: RawAnswer): Answer {
  const [head = "", ...body] = text.split("\r\n\r\n");
  const fields = head.split("\r\n").slice(1);
  const headers = Object.fromEntries(
    fields
      .map((line) => line.split(/:\s*/, 1).concat(line.replace(/^[^:]*:\s*/, "")))
      .map(([name = "", value = ""]) => [name.toLowerCase(), value]),
  );
  return { status: statuses[0] ?? 0, headers, setCookies: [], text: body.join("\r\n\r\n") };
}

test("security headers are on every kind of answer", async () => {
  for (const [kind, status, { headers, ...answer }] of await everyKind()) {
    const row = `${kind} (${status})`;
    expect.soft(answer.status, row).toBe(status);
    const hsts = /^max-age=(\d+); includeSubDomains/.exec(headers["strict-transport-security"] ?? "");
    expect.soft(Number(hsts?.[1]), `${row}: HSTS`).toBeGreaterThanOrEqual(31_536_000);
    expect.soft(headers["x-content-type-options"], `${row}: nosniff`).toBe("nosniff");
    expect
      .soft(headers["referrer-policy"], `${row}: referrer`)
      .toMatch(/^(no-referrer|same-origin|strict-origin)$/);
    expect.soft(headers["cross-origin-opener-policy"], `${row}: COOP`).toBe("same-origin");
    expect.soft(headers["cross-origin-resource-policy"], `${row}: CORP`).toMatch(/^same-(origin|site)$/);
    expect.soft(headers["permissions-policy"], `${row}: permissions`).toContain("camera=()");
    expect
      .soft(String(headers["content-security-policy"]), `${row}: CSP`)
      .toContain("frame-ancestors 'none'");
    expect.soft(headers["x-powered-by"], `${row}: what it runs on`).toBeUndefined();
    expect.soft(headers.server, `${row}: what it runs on`).toBeUndefined();
    expect.soft(headers["access-control-allow-origin"], `${row}: CORS`).toBeUndefined();
  }
});

test("only what is the same for everybody may be stored", async () => {
  const publicKinds = ["JWKS", "JWKS not modified", "static file", "static file not modified", "icon"];
  for (const [kind, status, { headers }] of await everyKind()) {
    if (["header too large", "upgrade", "not HTTP"].includes(kind)) continue;
    const row = `${kind} (${status}): ${headers["cache-control"]}`;
    if (publicKinds.includes(kind)) expect.soft(headers["set-cookie"], row).toBeUndefined();
    else expect.soft(headers["cache-control"], row).toContain("no-store");
    if (!publicKinds.includes(kind))
      expect.soft(headers["cache-control"], row).not.toMatch(/public|s-maxage|immutable/);
  }
});

test("a person's page under a name that caches like is not there (cache deception)", async () => {
  for (const path of [
    "/account/x.css",
    "/account.css",
    "/account/sessions.js",
    "/account%2fx.css",
    "/account;x.css",
    "/account/..%2fx.png",
    "/api/auth/session/x.css",
    "/api/auth/session.json",
    "/_next/static/..%2f..%2faccount",
    "/account?x.css",
  ]) {
    const answer = await asAnn(path);
    expect.soft(answer.headers["cache-control"] ?? "", path).toContain("no-store");
    if (!path.includes("?")) expect.soft(answer.text, path).not.toContain(ann.email);
  }
});

test("conditional requests never get a stored page or its old nonce", async () => {
  const first = await target().send({ path: "/login" });
  for (const headers of [
    { "if-none-match": "*" },
    { "if-none-match": String(first.headers.etag) },
    { "if-modified-since": new Date().toUTCString() },
  ]) {
    const answer = await target().send({ path: "/login", headers });
    expect(answer.status).toBe(200);
    expect(answer.headers.etag).toBeUndefined();
    expect(nonceOf(answer)).not.toBe(nonceOf(first));
  }
});

const nonceOf = (answer: Answer): string =>
  /'nonce-([^']+)'/.exec(String(answer.headers["content-security-policy"]))?.[1] ?? "";

test("each page has a nonce of its own, of 128 bits, on every script", async () => {
  const nonces: string[] = [];
  for (let count = 0; count < 10; count += 1) {
    for (const answer of [
      await target().send({ path: "/login" }),
      await asAnn("/account"),
      await asAnn("/nowhere"),
    ]) {
      const nonce = nonceOf(answer);
      nonces.push(nonce);
      expect(Buffer.from(nonce, "base64").length).toBeGreaterThanOrEqual(16);
      const scripts = answer.text.match(/<script\b[^>]*>/g) ?? [];
      expect(scripts.length).toBeGreaterThan(0);
      for (const tag of scripts) expect.soft(tag).toContain(`nonce="${nonce}"`);
      expect.soft(answer.text).not.toMatch(/<[a-z]+\b[^>]*\s(style|on\w+)=/i);
      expect.soft(answer.text).not.toMatch(/<style\b(?![^>]*nonce)/i);
    }
  }
  expect(new Set(nonces).size).toBe(nonces.length);
});

test("the policy of a page allows scripts by nonce and nothing by default", async () => {
  for (const answer of [
    await target().send({ path: "/login" }),
    await asAnn("/account"),
    await asAnn("/nowhere"),
    await target().sendAs(admin, { path: "/admin/users" }),
  ]) {
    const policy = String(answer.headers["content-security-policy"]);
    const directives = new Map(
      policy.split(/;\s*/).map((directive) => {
        const [name = "", ...values] = directive.split(" ");
        return [name, values.join(" ")];
      }),
    );
    expect(directives.get("default-src")).toBe("'none'");
    expect(directives.get("script-src")).toMatch(/^'nonce-[^']+' 'strict-dynamic'$/);
    expect(directives.get("style-src")).toMatch(/^'self'( 'nonce-[^']+')?$/);
    expect(directives.get("frame-ancestors")).toBe("'none'");
    expect(directives.get("form-action")).toBe("'self'");
    expect(directives.get("base-uri")).toBe("'none'");
    expect(directives.get("object-src")).toBe("'none'");
    expect(directives.get("require-trusted-types-for")).toBe("'script'");
    expect(policy).toMatch(/report-(uri|to) /);
    expect(policy).not.toMatch(/unsafe|data:|blob:|https?:|\*/);
    expect(answer.headers["content-security-policy-report-only"]).toBeUndefined();
  }
});

test("a nonce or policy that the client sends is not used", async () => {
  const chosen = "aW5qZWN0ZWQtYnktY2xpZW50";
  const policy = `script-src 'nonce-${chosen}' 'unsafe-inline'`;
  const rows = [
    { "content-security-policy": policy },
    { "content-security-policy-report-only": policy },
    { "x-nonce": chosen },
    { "x-content-security-policy": policy, "x-webkit-csp": policy },
    { "x-middleware-request-x-nonce": chosen, "x-middleware-override-headers": "x-nonce" },
    {
      "x-middleware-request-content-security-policy": policy,
      "x-middleware-override-headers": "content-security-policy",
    },
    { "content-security-policy": `script-src 'nonce-"><script>alert(1)</script>'` },
  ];
  for (const headers of rows) {
    for (const path of ["/login", "/nowhere", "/account"]) {
      const answer = await target().send({ path, headers });
      const everything = answer.text + JSON.stringify(answer.headers);
      expect.soft(everything, `${path} ${JSON.stringify(headers)}`).not.toContain(chosen);
      expect.soft(everything, `${path} ${JSON.stringify(headers)}`).not.toContain("<script>alert(1)");
    }
  }
});

test("session cookies: names, attributes and sizes", async () => {
  const answer = await target().send({
    path: "/api/auth/login",
    headers: { origin: target().origin },
    body: { email: ann.email, password: ann.password },
  });
  expect(answer.setCookies.map((line) => line.split("=")[0])).toEqual([ACCESS_COOKIE, REFRESH_COOKIE]);
  for (const line of answer.setCookies) {
    const [pair = "", ...attributes] = line.split(/;\s*/);
    const names = attributes.map((attribute) => attribute.toLowerCase());
    for (const needed of ["path=/", "secure", "httponly", "samesite=strict"]) expect(names).toContain(needed);
    expect(names.some((name) => name.startsWith("domain"))).toBe(false);
    const maxAge = Number(names.find((name) => name.startsWith("max-age="))?.slice(8));
    expect(maxAge).toBeGreaterThan(0);
    expect(maxAge).toBeLessThanOrEqual(30 * 86_400);
    const value = pair.slice(pair.indexOf("=") + 1);
    expect(value.length).toBeLessThanOrEqual(pair.startsWith(ACCESS_COOKIE) ? 700 : 120);
    expect(value).toMatch(/^[\w.-]+$/);
  }
});

test("session secrets travel in Set-Cookie alone, and on no other answer", async () => {
  const login = await target().send({
    path: "/api/auth/login",
    headers: { origin: target().origin },
    body: { email: ann.email, password: ann.password },
  });
  for (const line of login.setCookies) {
    const value = line.slice(line.indexOf("=") + 1).split(";")[0] ?? "";
    const elsewhere = login.text + JSON.stringify({ ...login.headers, "set-cookie": null });
    expect(elsewhere).not.toContain(value);
    expect(elsewhere).not.toContain(value.split(".").at(-1));
  }
  for (const [kind, status, answer] of await everyKind()) {
    if (kind === "sign-in" || kind === "API, no content") continue;
    expect.soft(answer.setCookies, `${kind} (${status})`).toEqual([]);
  }
});

test("text that a client has sent comes back as text", async () => {
  const agent = `<script>alert(1)</script><img src=x onerror=alert(1)>'"`;
  const person = await target().logIn(ann, { "user-agent": agent });
  const own = await target().sendAs(person, { path: "/account/sessions" });
  const all = await target().sendAs(admin, {
    path: `/admin/sessions?q=${encodeURIComponent('"><script>alert(2)</script>')}`,
  });
  const searched = await target().sendAs(admin, {
    path: `/admin/users?q=${encodeURIComponent('"><script>alert(3)</script>')}`,
  });
  for (const page of [own, all, searched]) {
    expect(page.status).toBe(200);
    expectHarmless(page, "page");
    expect.soft(page.text).not.toMatch(/<script>alert|<img src=x/);
  }
});

test("what is served to everybody holds no source map and no name of a secret", async () => {
  const folder = join(import.meta.dirname, "../../.next/static");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  expect(files.filter((file) => file.endsWith(".map"))).toEqual([]);
  const scripts = files.filter((file) => file.endsWith(".js"));
  expect(scripts.length).toBeGreaterThan(0);
  for (const file of scripts) {
    expect(readFileSync(join(folder, file), "utf8"), file).not.toMatch(
      /APP_SECRET|DATABASE_URL|BOOTSTRAP_ADMIN|sealed_private|password_hash|argon2|sourceMappingURL/,
    );
  }
});
