import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { formatScope, isWithin, parseScope } from "./scope";

describe("a scope", () => {
  test.each([
    ["openid", ["openid"]],
    ["openid email offline_access", ["openid", "email", "offline_access"]],
    ["email openid", ["email", "openid"]],
    ["b a b a c", ["b", "a", "c"]],
    ["Openid openid", ["Openid", "openid"]],
    ["urn:a:b https://a.test/read:all !#[]~", ["urn:a:b", "https://a.test/read:all", "!#[]~"]],
    ["__proto__ constructor", ["__proto__", "constructor"]],
    ["a".repeat(1000), ["a".repeat(1000)]],
  ])("%s is %j", (text, words) => {
    expect(parseScope(text)).toEqual(words);
  });

  test.each([
    ["nothing", ""],
    ["a space", " "],
    ["a space before it", " a"],
    ["a space behind it", "a "],
    ["two spaces", "a  b"],
    ["a tab", "a\tb"],
    ["a line", "a\nb"],
    ["a quotation mark", 'a"'],
    ["a backslash", "a\\b"],
    ["NUL", "a\0"],
    ["DEL", "a\x7f"],
    ["a letter from elsewhere", "é"],
    ["1001 characters", "a".repeat(1001)],
    ["10 KB", "a ".repeat(5120).trim()],
  ])("is not %s", (_what, text) => {
    expect(parseScope(text)).toBeNull();
  });

  it("comes out as it was asked for, each word once, and then stays the same", () => {
    const words = fc.array(fc.constantFrom("openid", "email", "read", "write"), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(words, (asked) => {
        const once = parseScope(asked.join(" ")) ?? [];
        expect(once).toEqual(asked.filter((word, index) => asked.indexOf(word) === index));
        expect(parseScope(formatScope(once))).toEqual(once);
      }),
    );
  });
});

describe("what is asked for", () => {
  test.each([
    [[], []],
    [[], ["a"]],
    [["a"], ["b", "a"]],
    [
      ["a", "b"],
      ["b", "a"],
    ],
  ])("%j is within %j", (asked, allowed) => {
    expect(isWithin(asked, allowed)).toBe(true);
  });

  test.each([
    [["a"], []],
    [["a", "b"], ["a"]],
    [["A"], ["a"]],
    [["a"], ["ab"]],
    [["length"], ["a"]],
  ])("%j is not within %j", (asked, allowed) => {
    expect(isWithin(asked, allowed)).toBe(false);
  });
});
