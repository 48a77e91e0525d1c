import { describe, expect, test } from "vitest";
import { findShortfall, type Requirements, readRequirements } from "./requirements";

const NOW = 1_800_000_000;
const TOLERANCE = 10;

describe("a token with the scope 'read write:own'", () => {
  test.each<[Requirements["scope"], string | null]>([
    [undefined, null],
    ["read", null],
    ["write:own read", null],
    [["read", "write:own"], null],
    [["read write:own"], null],
    ["admin", "insufficient_scope"],
    ["read admin", "insufficient_scope"],
    [["read", "admin"], "insufficient_scope"],
    ["rea", "insufficient_scope"],
    ["write", "insufficient_scope"],
    ["READ", "insufficient_scope"],
  ])("required %j: %s", (scope, expected) => {
    const demands = readRequirements(scope === undefined ? {} : { scope });
    const claims = { scope: "read write:own", auth_time: NOW };
    expect(findShortfall(claims, demands, TOLERANCE, NOW)).toBe(expected);
  });
});

test("a token without a scope meets no requirement of one", () => {
  expect(findShortfall({ auth_time: NOW }, readRequirements({ scope: "read" }), TOLERANCE, NOW)).toBe(
    "insufficient_scope",
  );
});

describe("somebody who signed in", () => {
  test.each([
    ["now", 0, null],
    ["as long ago as may be", 300, null],
    ["that and the tolerance ago", 310, null],
    ["longer ago", 311, "insufficient_user_authentication"],
  ])("%s", (_name, secondsAgo, expected) => {
    const demands = readRequirements({ maxAgeSeconds: 300 });
    expect(findShortfall({ auth_time: NOW - secondsAgo }, demands, TOLERANCE, NOW)).toBe(expected);
  });

  test("never, because a client got the token for itself, is asked to", () => {
    const demands = readRequirements({ scope: "read", maxAgeSeconds: 1e15 });
    expect(findShortfall({ scope: "read" }, demands, TOLERANCE, NOW)).toBe(
      "insufficient_user_authentication",
    );
    expect(findShortfall({ scope: "read" }, readRequirements({ scope: "read" }), TOLERANCE, NOW)).toBeNull();
  });

  test("long ago and for something else is not sent to sign in again", () => {
    const demands = readRequirements({ scope: "admin", maxAgeSeconds: 0 });
    expect(findShortfall({ auth_time: NOW - 900, scope: "read" }, demands, TOLERANCE, NOW)).toBe(
      "insufficient_scope",
    );
  });
});

describe("requirements that would not require what they seem to", () => {
  test.each<[unknown, RegExp]>([
    [{ scopes: "read" }, /no option "scopes"/],
    [{ maxAge: 5 }, /no option "maxAge"/],
    [{ scope: "" }, /scope must be/],
    [{ scope: " read" }, /scope must be/],
    [{ scope: "read  write" }, /scope must be/],
    [{ scope: [] }, /scope must be/],
    [{ scope: [""] }, /scope must be/],
    [{ scope: 'a"b' }, /scope must be/],
    [{ scope: undefined }, /scope must be/],
    [{ maxAgeSeconds: undefined }, /maxAgeSeconds must be/],
    [{ scope: null }, /scope must be/],
    [{ scope: 1 }, /scope must be/],
    [{ scope: [undefined] }, /scope must be/],
    [{ maxAgeSeconds: -1 }, /maxAgeSeconds must be/],
    [{ maxAgeSeconds: 0.5 }, /maxAgeSeconds must be/],
    [{ maxAgeSeconds: 1e21 }, /maxAgeSeconds must be/],
    [{ maxAgeSeconds: Number.NaN }, /maxAgeSeconds must be/],
    [{ maxAgeSeconds: "300" }, /maxAgeSeconds must be/],
    [{ maxAgeSeconds: null }, /maxAgeSeconds must be/],
    ["read", /must be an object/],
    [null, /must be an object/],
  ])("%j", (requirements, sentence) => {
    expect(() => readRequirements(requirements as Requirements)).toThrow(sentence);
    expect(() => readRequirements(requirements as Requirements)).toThrow(TypeError);
  });
});
