import { describe, expect, it, test } from "vitest";
import { isSameOrigin } from "./same-origin";

const OURS = "https://a.test";
const COOKIE = { cookie: "__Host-Http-access=x" };
const post = (headers: Record<string, string>) => isSameOrigin("POST", new Headers(headers), OURS);

/** Each combination of the two headers a browser sends; a dash is an absent header. */
const COMBINATIONS: [site: string, sender: string, withCookies: boolean, without: boolean][] = [
  ["same-origin", OURS, true, true],
  ["same-origin", "-", true, true],
  ["same-origin", "null", false, false],
  ["same-origin", "https://evil.test", false, false],
  ["same-origin", "", false, false],
  ["same-site", OURS, false, false],
  ["same-site", "-", false, false],
  ["same-site", "https://evil.a.test", false, false],
  ["cross-site", OURS, false, false],
  ["cross-site", "-", false, false],
  ["cross-site", "null", false, false],
  ["cross-site", "https://evil.test", false, false],
  ["none", OURS, false, false],
  ["none", "-", false, false],
  ["", OURS, false, false],
  ["Same-Origin", OURS, false, false],
  ["same-origin, cross-site", OURS, false, false],
  ["cross-site, same-origin", OURS, false, false],
  ["-", OURS, true, true],
  ["-", "-", false, true],
  ["-", "null", false, false],
  ["-", "", false, false],
  ["-", "https://evil.test", false, false],
  ["-", "https://evil.a.test", false, false],
  ["-", "http://a.test", false, false],
  ["-", "https://a.test:444", false, false],
  ["-", "https://a.test:443", false, false],
  ["-", "https://a.test/", false, false],
  ["-", "https://A.test", false, false],
  ["-", "https://a.test.", false, false],
  ["-", "https://a.test.evil.test", false, false],
  ["-", "https://evil.test https://a.test", false, false],
  ["-", "https://a.test, https://evil.test", false, false],
];

describe("an unsafe request", () => {
  test.each(COMBINATIONS)(
    "Sec-Fetch-Site %s, Origin %s: %s with cookies, %s without",
    (site, sender, withCookies, without) => {
      const headers = {
        ...(site === "-" ? {} : { "sec-fetch-site": site }),
        ...(sender === "-" ? {} : { origin: sender }),
      };
      expect(post({ ...headers, ...COOKIE })).toBe(withCookies);
      expect(post(headers)).toBe(without);
    },
  );

  it("is refused whatever its method is called, unless it is GET or HEAD", () => {
    const foreign = new Headers({ ...COOKIE, "sec-fetch-site": "cross-site", origin: "https://evil.test" });
    for (const method of [
      "POST",
      "PUT",
      "PATCH",
      "DELETE",
      "OPTIONS",
      "TRACE",
      "PROPFIND",
      "get",
      "Get",
      "head",
      "",
    ]) {
      expect(isSameOrigin(method, foreign, OURS)).toBe(false);
    }
    expect(isSameOrigin("GET", foreign, OURS)).toBe(true);
    expect(isSameOrigin("HEAD", foreign, OURS)).toBe(true);
  });

  it("is not saved by a Referer of ours", () => {
    expect(post({ ...COOKIE, referer: `${OURS}/login` })).toBe(false);
  });

  it("has cookies even when the header is empty", () => {
    expect(post({ cookie: "" })).toBe(false);
  });
});

describe("a bearer call", () => {
  const foreign = { "sec-fetch-site": "cross-site", origin: "https://evil.test" };

  it("is exempt without cookies, and only then", () => {
    expect(post({ authorization: "Bearer x", ...foreign })).toBe(true);
    expect(post({ authorization: "bearer x", ...foreign })).toBe(true);
    expect(post({ authorization: "Bearer x", ...foreign, ...COOKIE })).toBe(false);
    expect(post({ authorization: "Bearer x", ...COOKIE })).toBe(false);
  });

  test.each(["Basic dTpw", "Negotiate x", "Bearer", "Bearerx", "", "x Bearer y"])(
    "is not a call with Authorization %j, which a browser may attach by itself",
    (authorization) => {
      expect(post({ authorization, ...foreign })).toBe(false);
    },
  );
});
