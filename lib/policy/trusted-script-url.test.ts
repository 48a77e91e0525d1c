import { expect, test } from "vitest";
import { isOwnScriptUrl } from "./trusted-script-url";

const OURS = "https://a.test";

test.each([
  "/_next/static/chunks/0r6z456rpe9vi.js",
  "/_next/static/chunks/0~h.k_9b~.js",
  "/_next/static/chunks/%5Bproject%5D_x.js",
  "/_next/static/chunks/a.js?dpl=1",
  "https://a.test/_next/static/chunks/a.js",
])("%s is ours", (url) => {
  expect(isOwnScriptUrl(url, OURS)).toBe(true);
});

test.each([
  "",
  "/",
  "a.js",
  "/x.js",
  "/api/sessions",
  "/_next/image?url=x.js",
  "/_next/static/",
  "/_next/static/a.css",
  "/_next/data/a.js",
  "/_next/staticx/a.js",
  "/x/_next/static/a.js",
  "/_next/static/a.js/x",
  "/_next/static/../../x.js",
  "/_next/static/%2e%2e/%2e%2e/x.js",
  "/_next/static/?a.js",
  "/_next/static/#a.js",
  "//evil.test/_next/static/a.js",
  "\\\\evil.test/_next/static/a.js",
  "https://evil.test/_next/static/a.js",
  "http://a.test/_next/static/a.js",
  "https://a.test@evil.test/_next/static/a.js",
  "https://a.test:8443/_next/static/a.js",
  "data:text/javascript,alert(1)//_next/static/a.js",
  "javascript:alert(1)",
  "blob:https://a.test/_next/static/a.js",
  "https://",
  "\t//evil.test/_next/static/a.js",
])("%j is not", (url) => {
  expect(isOwnScriptUrl(url, OURS)).toBe(false);
});
