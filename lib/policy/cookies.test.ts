import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { clearCookie, cookieNames, readCookie, replaceCookies, setCookie } from "./cookies";

const ACCESS = "__Host-Http-access";
const NONE = { kind: "none" };
const REPEATED = { kind: "repeated" };
const value = (text: string) => ({ kind: "value", value: text });

it("drops the prefix in insecure development alone", () => {
  expect(cookieNames(true)).toEqual({ access: ACCESS, refresh: "__Host-Http-refresh" });
  expect(cookieNames(false)).toEqual({ access: "access", refresh: "refresh" });
});

describe("reading", () => {
  test.each<[string | null, object]>([
    [null, NONE],
    ["", NONE],
    [`${ACCESS}=a.b-c_D9`, value("a.b-c_D9")],
    [`x=1; ${ACCESS}=a; y=2`, value("a")],
    [`x=1;${ACCESS}=a;y=2`, value("a")],
    [`;; \t${ACCESS}=a\t;`, value("a")],
    // another name
    ["__host-http-access=a", NONE],
    ["__Host-access=a", NONE],
    ["access=a", NONE],
    [`x${ACCESS}=a`, NONE],
    [`${ACCESS}x=a`, NONE],
    [`${ACCESS} =a`, NONE],
    [`$${ACCESS}=a`, NONE],
    [`"${ACCESS}"=a`, NONE],
    [`%5F_Host-Http-access=a`, NONE],
    // nameless, or inside the value of another
    [`=${ACCESS}=a`, NONE],
    [ACCESS, NONE],
    [`x=${ACCESS}=a`, NONE],
    [`x="1; ${ACCESS}=a"`, NONE],
    [`x=1, ${ACCESS}=a`, NONE],
    [`$Version=1, ${ACCESS}=a`, NONE],
    [`$Version=1; ${ACCESS}=a; $Path=/`, value("a")],
    // a value that we cannot have set
    [`${ACCESS}=`, NONE],
    [`${ACCESS}="a"`, NONE],
    [`${ACCESS}=a b`, NONE],
    [`${ACCESS}=a=`, NONE],
    [`${ACCESS}=a,b`, NONE],
    [`${ACCESS}=a%2e`, NONE],
    [`${ACCESS}= a`, NONE],
    [`${ACCESS}=a\n`, NONE],
    [`${ACCESS}=\u00e9`, NONE],
    // twice
    [`${ACCESS}=a; ${ACCESS}=b`, REPEATED],
    [`${ACCESS}=a; ${ACCESS}=a`, REPEATED],
    [`${ACCESS}=a; x=1; ${ACCESS}=`, REPEATED],
    [`${ACCESS}=a; ${ACCESS}="b"`, REPEATED],
    [`${ACCESS}="b"; ${ACCESS}=a`, REPEATED],
    [`${ACCESS}=a; __host-http-access=b`, value("a")],
  ])("%j is %o", (header, expected) => {
    expect(readCookie(header, ACCESS)).toEqual(expected);
  });
});

describe("the forwarded request", () => {
  test.each<[string | null, Record<string, string | null>, string]>([
    [null, {}, ""],
    [null, { a: "1" }, "a=1"],
    ["a=0; x=1", { a: "1" }, "x=1; a=1"],
    ["a=0; a=5; x=1", { a: "1" }, "x=1; a=1"],
    ["a=0; x=1", { a: null }, "x=1"],
    ["a=0", { a: null, b: null }, ""],
    ["x=1", { a: null }, "x=1"],
    ['A=0; x="q; r"; nameless', { a: "1" }, 'A=0; x="q; r"; nameless; a=1'],
    ["toString=1; __proto__=2", { a: "1" }, "toString=1; __proto__=2; a=1"],
  ])("%j with %o is %j", (header, values, expected) => {
    expect(replaceCookies(header, values)).toBe(expected);
  });

  it("says what was put in, whatever came before", () => {
    const text = fc.stringMatching(/^[A-Za-z0-9._-]{1,40}$/);
    fc.assert(
      fc.property(fc.string(), text, (header, token) => {
        const forwarded = replaceCookies(header, { [ACCESS]: token, refresh: null });
        expect(readCookie(forwarded, ACCESS)).toEqual(value(token));
        expect(readCookie(forwarded, "refresh")).toEqual(NONE);
      }),
    );
  });

  it("takes no value that could add a cookie", () => {
    expect(() => replaceCookies(null, { a: "1; b=2" })).toThrow("cookie a");
  });
});

describe("setting", () => {
  it("carries every attribute", () => {
    expect(setCookie(ACCESS, "a.b.c", { maxAgeSeconds: 600, secure: true })).toBe(
      `${ACCESS}=a.b.c; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Strict`,
    );
    expect(setCookie("access", "a", { maxAgeSeconds: 600, secure: false })).toBe(
      "access=a; Max-Age=600; Path=/; HttpOnly; SameSite=Strict",
    );
  });

  it("clears with the same attributes", () => {
    expect(clearCookie(ACCESS, { secure: true })).toBe(
      `${ACCESS}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict`,
    );
    expect(clearCookie("access", { secure: false })).toBe(
      "access=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict",
    );
  });

  test.each(["", "a;b", "a b", "a\r\nSet-Cookie: x=1", '"a"', "a=", "a,b", "\u00e9"])(
    "refuses the value %j without repeating it",
    (text) => {
      expect(() => setCookie(ACCESS, text, { maxAgeSeconds: 1, secure: true })).toThrow(
        /^A value for the cookie __Host-Http-access holds a character it may not\.$/,
      );
    },
  );

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 400 * 86_400 + 1])(
    "refuses to live %d seconds",
    (maxAgeSeconds) => {
      expect(() => setCookie(ACCESS, "a", { maxAgeSeconds, secure: true })).toThrow("seconds");
    },
  );
});
