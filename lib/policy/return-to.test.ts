import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { safeReturnTo } from "./return-to";

test.each([
  "/",
  "/account",
  "/account?x=1",
  "/account/security?a=b&c=%2Fd%3Fe",
  "/admin/users?q=a%40b.test&cursor=eyJ_-",
  "/account?next=https://evil.test",
  "/account?x=//evil.test",
  "/account?x=\\",
  "/caf%C3%A9",
  "/loginx",
  "/apis",
  "/account?login",
])("%s is kept", (path) => {
  expect(safeReturnTo(path)).toBe(path);
});

const PAYLOADS = [
  // network-path references and their look-alikes
  "//evil.test",
  "//evil.test/",
  "//evil.test/%2e%2e",
  "///evil.test",
  "////evil.test",
  "/////evil.test/a",
  "//evil.test:80",
  "//evil.test\\@a.test",
  "//a.test@evil.test",
  "//user:pass@evil.test",
  "//[::1]/",
  "//2130706433/",
  "//0x7f000001",
  "//evil%E3%80%82com",
  "//evil\u3002com",
  "//",
  "///",
  "//\t/evil.test",
  // backslashes
  "\\evil.test",
  "\\\\evil.test",
  "/\\evil.test",
  "/\\/evil.test",
  "\\/evil.test",
  "\\/\\/evil.test/",
  "/\\\\evil.test",
  "//\\evil.test",
  "/account\\..\\..\\evil",
  "/\\t/evil.test\\",
  // encoded slashes and backslashes
  "/%2fevil.test",
  "/%2Fevil.test",
  "/%2f%2fevil.test",
  "/%5cevil.test",
  "/%5C%5Cevil.test",
  "/%5c/evil.test",
  "%2f%2fevil.test",
  "%5c%5cevil.test",
  "/%252fevil.test",
  "/%255cevil.test",
  "/%c0%afevil.test",
  "/%e0%80%afevil.test",
  "/%u002fevil.test",
  "/a%2f..%2fb",
  // dot segments that leave a leading double slash behind
  "/.//evil.test",
  "/./\\evil.test",
  "/..//evil.test",
  "/x/..//evil.test",
  "/x/../..//evil.test",
  "/%2e//evil.test",
  "/%2e%2e//evil.test",
  "/.",
  "/..",
  "/./",
  "./evil.test",
  "../evil.test",
  // white space and control characters, which URL parsers drop
  "/\t/evil.test",
  "/\n/evil.test",
  "/\r/evil.test",
  "/\r\n/evil.test",
  "\t//evil.test",
  " //evil.test",
  "\n//evil.test",
  "/\0/evil.test",
  "/%09/evil.test",
  "/%0a/evil.test",
  "/%0d/evil.test",
  "/%00/evil.test",
  "\u0000/account",
  "/account ",
  " /account",
  "\u00a0//evil.test",
  "\u200b//evil.test",
  "\ufeff//evil.test",
  "/\u2028/evil.test",
  "/\u200b/evil.test",
  "/\u202e/evil.test",
  // response splitting
  "/account\r\nLocation: https://evil.test",
  "/account%0d%0aLocation:%20https://evil.test",
  "/%0d%0aSet-Cookie:%20a=b",
  "/account%E5%98%8D%E5%98%8ASet-Cookie:a=b\r\n",
  "/account?x=\r\nSet-Cookie: a=b",
  // schemes
  "https://evil.test",
  "http://evil.test",
  "HTTPS://EVIL.TEST",
  "https:evil.test",
  "https:/evil.test",
  "https:///evil.test",
  "http:\\\\evil.test",
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "java\tscript:alert(1)",
  " javascript:alert(1)",
  "javascript://a.test/%0aalert(1)",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:msgbox(1)",
  "blob:https://a.test/x",
  "file:///etc/passwd",
  "ftp://evil.test",
  "view-source:https://evil.test",
  "about:blank",
  "mailto:a@evil.test",
  "ws://evil.test",
  "x:y",
  ":",
  "://evil.test",
  ":///evil.test",
  "https://a.test",
  "https://a.test/account",
  "https://a.test@evil.test",
  "https://a.test.evil.test",
  "https://evil.test?a.test",
  "https://evil.test#a.test",
  "https://evil.test\\a.test",
  // not a path at all
  "",
  "evil.test",
  "evil.test/account",
  "@evil.test",
  ".evil.test",
  ";@evil.test",
  "?x",
  "#",
  "#/evil",
  "account",
  "*",
  "null",
  "undefined",
  // full-width and other Unicode that may normalise into separators
  "/\uff0fevil.test",
  "\uff0f\uff0fevil.test",
  "/\uff3cevil.test",
  "/\uff0e\uff0e/evil.test",
  "/\u2215evil.test",
  "/\u2044evil.test",
  "/evil\u3002com",
  "/\u00e9",
  "\uff1aevil",
  "/\ud800",
  // matrix parameters, fragments, broken escapes
  "/;@evil.test",
  "/account;x",
  "/account#x",
  "/account#//evil.test",
  "/%",
  "/%zz",
  "/%ff",
  "/<script>",
  '/"onclick=x',
  "/account?x=\u00e9",
  "/account?x=#y",
  "/account%23x",
  "/account%3fx",
];

describe("what could leave the origin", () => {
  it("is tried with at least 120 different payloads", () => {
    expect(new Set(PAYLOADS).size).toBeGreaterThanOrEqual(120);
  });

  test.each(PAYLOADS)("%j becomes /", (payload) => {
    expect(safeReturnTo(payload)).toBe("/");
  });

  it("stays at our origin for arbitrary text", () => {
    const piece = fc.constantFrom(
      "/",
      "\\",
      "//",
      ".",
      "..",
      "%2f",
      "%5c",
      "\t",
      "@",
      ":",
      "evil.test",
      "https:",
      "?",
      "#",
      "account",
      "\uff0f",
      "%",
    );
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.webUrl(),
      fc.array(piece).map((pieces) => pieces.join("")),
      fc.webPath(),
    );
    fc.assert(
      fc.property(text, (value) => {
        const path = safeReturnTo(value);
        const url = new URL(path, "https://a.test");
        expect(url.origin).toBe("https://a.test");
        // What we decided on is what the browser asks for, and a Location header can carry it.
        expect(url.pathname).toBe(path.split("?", 1)[0]);
        expect(() => new Headers({ location: path })).not.toThrow();
        expect(safeReturnTo(path)).toBe(path);
      }),
      { numRuns: 2000 },
    );
  });
});

test.each([
  undefined,
  null,
  1,
  true,
  {},
  ["/account"],
  ["/account", "//evil.test"],
  { toString: () => "/account" },
  new String("/account"),
  Symbol("x"),
])("%s is not text", (value) => {
  expect(safeReturnTo(value)).toBe("/");
});

test.each([
  "/login",
  "/login?return_to=/account",
  "/login/",
  "/login/x",
  "/signup",
  "/setup?token=x",
  "/reset-password?token=x",
  "/reset-password",
  "/api",
  "/api/",
  "/api/auth/logout",
  "/api/sessions?except=current",
  "/_next/image?url=x",
  "/_next",
  "/_next/static/x.js",
  "/_global-error",
  "/healthz",
  "/favicon.ico",
  "/robots.txt",
  "/.well-known/jwks.json",
])("%s is no place to go after signing in", (path) => {
  expect(safeReturnTo(path)).toBe("/");
});

it("takes 6144 characters and not one more", () => {
  const longest = `/account?x=${"a".repeat(6144 - "/account?x=".length)}`;
  expect(safeReturnTo(longest)).toBe(longest);
  expect(safeReturnTo(`${longest}a`)).toBe("/");
});
