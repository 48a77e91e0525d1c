import { describe, expect, it, test } from "vitest";
import { BEARER, type RefusalCode, readToken, refusal } from "./challenge";
import { readRequirements } from "./requirements";

describe("the token of an Authorization header", () => {
  test.each<[string | null | undefined, string | null | undefined]>([
    ["Bearer abc.def-_~+/==", "abc.def-_~+/=="],
    ["bearer abc", "abc"],
    ["BEARER   abc", "abc"],
    [undefined, null],
    [null, null],
    ["", null],
    ["Basic abc", null],
    ["Bearerabc", null],
    ["DPoP abc", null],
    ["Bearer", undefined],
    ["Bearer ", undefined],
    ["Bearer abc def", undefined],
    ["Bearer abc, Bearer def", undefined],
    ["Bearer abc,def", undefined],
    ["Bearer abc ", undefined],
    ["Bearer a=b", undefined],
    ["Bearer {}", undefined],
    ["Bearer ä", undefined],
    ["Bearer abc\n", undefined],
    ["Bearer\tabc", undefined],
  ])("%j: %j", (header, token) => {
    expect(readToken(header, BEARER)).toBe(token);
  });

  it("is not looked for in a list", () => {
    expect(readToken(["Bearer abc"] as unknown as string, BEARER)).toBeNull();
  });
});

describe("a refusal", () => {
  const demands = readRequirements({ scope: ["read:all", "a!b"], maxAgeSeconds: 300 });

  test.each<[RefusalCode, number, string | undefined]>([
    ["not_authenticated", 401, "Bearer"],
    ["invalid_token", 401, 'Bearer error="invalid_token"'],
    ["insufficient_scope", 403, 'Bearer error="insufficient_scope", scope="read:all a!b"'],
    [
      "insufficient_user_authentication",
      401,
      'Bearer error="insufficient_user_authentication", max_age="300"',
    ],
    ["invalid_dpop_proof", 401, 'Bearer error="invalid_dpop_proof"'],
    ["unavailable", 503, undefined],
  ])("%s", (code, status, challenge) => {
    const { headers, problem, ...rest } = refusal(code, demands);
    expect(rest).toEqual({ ok: false, status });
    expect(headers["WWW-Authenticate"]).toBe(challenge);
    expect(headers["Retry-After"]).toBe(status === 503 ? "2" : undefined);
    expect(headers).toMatchObject({
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
    });
    expect(problem).toEqual({
      type: "about:blank",
      title: expect.stringMatching(/^[a-z ]+$/),
      status,
      code,
    });
  });
});
