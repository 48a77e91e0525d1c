import { expect, it, test } from "vitest";
import { LANDING_CSP, LANDING_HTML, needsLanding } from "./landing";

const LINK = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };

it("catches a person who follows a link from another site", () => {
  expect(needsLanding("GET", new Headers(LINK), false)).toBe(true);
  expect(needsLanding("GET", new Headers({ ...LINK, "sec-fetch-user": "?1" }), false)).toBe(true);
});

test.each<[string, string, Record<string, string>, boolean]>([
  ["already with the session", "GET", LINK, true],
  ["a form posted from elsewhere", "POST", LINK, false],
  ["HEAD", "HEAD", LINK, false],
  ["another spelling of GET", "get", LINK, false],
  ["the repeated request", "GET", { ...LINK, "sec-fetch-site": "same-origin" }, false],
  ["a sibling, which brings Strict cookies", "GET", { ...LINK, "sec-fetch-site": "same-site" }, false],
  ["a typed address", "GET", { ...LINK, "sec-fetch-site": "none" }, false],
  ["a frame", "GET", { ...LINK, "sec-fetch-dest": "iframe" }, false],
  ["an image", "GET", { ...LINK, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" }, false],
  ["a document that is not navigated to", "GET", { ...LINK, "sec-fetch-mode": "no-cors" }, false],
  ["a fetch", "GET", { ...LINK, "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" }, false],
  ["repeated header", "GET", { ...LINK, "sec-fetch-site": "cross-site, same-origin" }, false],
  ["a program", "GET", {}, false],
])("leaves alone: %s", (_what, method, headers, hasSessionCookie) => {
  expect(needsLanding(method, new Headers(headers), hasSessionCookie)).toBe(false);
});

it("only repeats the request", () => {
  expect(LANDING_HTML).toContain('<meta http-equiv="refresh" content="0; url=&#x1f;">');
  expect(LANDING_HTML).toMatch(/^<!doctype html>\n<html lang="en">/);
  expect(LANDING_HTML).toMatch(/<title>[^<]+<\/title>/);
  expect(LANDING_HTML).not.toMatch(/<(script|style|link|img|form|a|iframe|base)\b|\son\w+=|style=|https?:/i);
  // What that address means to a URL parser: the same page, so that a fragment cannot hold the browser here.
  expect(new URL("\u001f", "https://a.test/p?x=1#frag").href).toBe("https://a.test/p?x=1");
  expect(LANDING_CSP).toContain("default-src 'none'");
  expect(LANDING_CSP).not.toContain("unsafe");
});
