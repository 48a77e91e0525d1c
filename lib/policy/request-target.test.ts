import fc from "fast-check";
import { expect, it, test } from "vitest";
import { isCanonicalTarget } from "./request-target";
import { ROUTES } from "./routes";

test.each([
  "/",
  "/?",
  "/account?_rsc=1abc",
  "/login?return_to=%2Faccount%3Fx%3D1",
  "/login?return_to=/account",
  "/_next/static/chunks/abc-~.js",
  "/_next/static/chunks/0~h.k_9b~.js",
  "/_next/static/chunks/22q8nxxz_4so7.js",
  "/_next/static/chunks/0-i5rxq_2jtxt.js",
  "/_next/static/chunks/turbopack-2u1d16houkiyo.js",
  "/_next/static/retoLA_sP5a8Sp4AC_Q_-/_buildManifest.js",
  "/_next/static/chunks/%5Broot-of-the-server%5D__0x9f~._.js",
  "/_next/static/chunks/%5bturbopack%5d_browser_dev_hmr-client.ts",
  "/_next/static/chunks/[turbopack]_browser_dev.js",
  "/_next/static/chunks/app_(account)_layout_tsx_0a.css?v=1",
  "/_next/static/media/inter-latin.0a~b-.woff2",
  "/_next/webpack-hmr?id=abc",
  "/.well-known/jwks.json",
  "/api/admin/sessions?q=a%40b.test&state=active",
  "/caf%C3%A9",
  "/a%20b",
  "/...",
  "/a..b",
  "/.hidden",
  "/admin/",
  "/x?a=//b&c=\\d&e=%2e%2e%00&f=100%&g='<>\"",
  "/x?a?b",
])("%s has one reading", (target) => {
  expect(isCanonicalTarget(target)).toBe(true);
});

test.each([
  // not origin form
  "",
  "admin",
  "*",
  "http://localhost:3000/admin",
  "https://evil.test/",
  "localhost:3000",
  "?x",
  "#",
  // empty and dot segments
  "//",
  "//admin",
  "//evil.test/admin",
  "/x//admin",
  "/admin//",
  "/.",
  "/..",
  "/./admin",
  "/x/../admin",
  "/admin/.",
  "/admin/..",
  "/_next/../admin",
  "/_next/image/../../admin",
  "/_next/static/../../admin",
  "/..?x",
  // encoded separators and dots, in any case
  "/admin%2f",
  "/admin%2F",
  "/%2e%2e/admin",
  "/%2E%2e/admin",
  "/.%2e/admin",
  "/%2e./admin",
  "/%5cevil",
  "/a%5Cb",
  "/%2f%2fevil",
  "/_next/static/%2e%2e/%2e%2e/admin",
  // encoded letters, digits and marks that need no escape
  "/%61dmin",
  "/%41DMIN",
  "/api%2Dx",
  "/a%5fb",
  "/%7euser",
  "/%30",
  // encoded twice, or hiding a delimiter
  "/%2561dmin",
  "/admin%252f",
  "/admin%3bx",
  "/admin%3B",
  "/admin%3fx",
  "/admin%23x",
  // control characters
  "/admin%00",
  "/admin%0a",
  "/%0d%0aSet-Cookie:x",
  "/%7f",
  "/%1F",
  "/%C2%85",
  "/admin\0",
  "/admin\t",
  "/ad\nmin",
  "/admin\r\n",
  "/admin\x7f",
  // malformed escapes and bytes that are not UTF-8
  "/%",
  "/%6",
  "/%zz",
  "/%u0061",
  "/a%",
  "/%ff",
  "/%c0%af",
  "/%c1%9c",
  "/%e0%80%af",
  "/%ed%a0%80",
  "/%C3",
  "/%A9",
  // characters that do not belong in a path
  "/admin\\",
  "\\admin",
  "/\\evil",
  "/admin;x",
  "/;/admin",
  "/admin#x",
  "/#",
  "/a b",
  "/a<b",
  '/a"b',
  "/a|b",
  "/a^b",
  "/a`b",
  "/a{b}",
  "/é",
  "/\u2025/admin",
  "/\uff0e\uff0e/admin",
  "/a\uff0fb",
  "/admin\u3002",
  // in the query
  "/x?a b",
  "/x?a\tb",
  "/x?a\r\nb",
  "/x?a\0",
  "/x?é",
  "/x?a#b",
])("%j is refused", (target) => {
  expect(isCanonicalTarget(target)).toBe(false);
});

it("takes 8192 characters and not one more", () => {
  expect(isCanonicalTarget(`/${"a".repeat(8191)}`)).toBe(true);
  expect(isCanonicalTarget(`/${"a".repeat(8192)}`)).toBe(false);
  expect(isCanonicalTarget(`/?${"a".repeat(8191)}`)).toBe(false);
});

it("takes every route of the table", () => {
  for (const { pattern } of ROUTES) {
    const target = pattern
      .replaceAll("{id}", "a-1")
      .replaceAll("{identifier}", "https%3A%2F%2Fa.example%2Fb");
    expect(isCanonicalTarget(target), target).toBe(true);
  }
});

it.each([
  "/api/admin/audiences%2Fa%2Fb",
  "/api/admin/audiences/%2F",
  "/api/admin/audiences/a%2fb",
  "/api/admin/audiences/a%5Cb",
  "/api/admin/audiences/a%252Fb",
  "/api/admin/audiences/a%2F%2E%2E%2Fb",
  "/api/admin/audiences/a%2F../b",
  "/api/admin/keys/a%2Fb/revoke",
  "/admin%2F",
])("takes an escaped slash in the name of an audience alone, and spelled in one way: not %s", (target) => {
  expect(isCanonicalTarget(target)).toBe(false);
});

it("never lets through what another parser would rewrite into another path", () => {
  const piece = fc.constantFrom(
    "/",
    "//",
    ".",
    "..",
    "%2e",
    "%2F",
    "%5c",
    "%61",
    "\\",
    ";",
    "admin",
    "é",
    "%C3%A9",
    "?",
    "#",
    "%",
    "\t",
    " ",
    "@",
    ":",
  );
  const target = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join("")}`);
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(target, fc.webPath(), fc.string()), (text) => {
      if (!isCanonicalTarget(text)) return;
      accepted += 1;
      const url = new URL(text, "https://a.test");
      const [path = ""] = text.split("?", 1);
      expect(url.origin).toBe("https://a.test");
      expect(url.pathname).toBe(path);
      // Decoding moves no segment.
      expect(decodeURIComponent(path).split("/")).toEqual(path.split("/").map(decodeURIComponent));
      expect(decodeURIComponent(decodeURIComponent(path))).toBe(decodeURIComponent(path));
    }),
    { numRuns: 2000 },
  );
  expect(accepted).toBeGreaterThan(100);
});

it("answers a long hostile target at once", () => {
  const startedAt = performance.now();
  for (const text of [
    "%".repeat(8000),
    `/${"%2".repeat(4000)}`,
    `/${"%C3%A9".repeat(1300)}%`,
    `/${"./".repeat(4000)}`,
  ]) {
    expect(isCanonicalTarget(text)).toBe(false);
  }
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});
