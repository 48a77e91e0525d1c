import { describe, expect, it, test } from "vitest";
import { corsHeaders, preflightHeaders } from "./cors";

const ORIGIN = "https://app.example";
const METHODS = { methods: ["GET", "POST"] };

describe("for a registered origin", () => {
  it("an answer may be read, with what the client has to know of its headers", () => {
    expect(corsHeaders(ORIGIN, true)).toEqual({
      Vary: "Origin",
      "Access-Control-Allow-Origin": ORIGIN,
      "Access-Control-Expose-Headers": "DPoP-Nonce, WWW-Authenticate",
    });
  });

  it("the question of the browser is answered for ten minutes", () => {
    expect(preflightHeaders(ORIGIN, true, METHODS)).toEqual({
      Vary: "Origin",
      "Access-Control-Allow-Origin": ORIGIN,
      "Access-Control-Allow-Methods": "GET, POST",
      "Access-Control-Allow-Headers": "Authorization, Content-Type, DPoP",
      "Access-Control-Max-Age": "600",
    });
  });

  it("nothing is ever allowed with credentials, or to everybody", () => {
    for (const headers of [corsHeaders(ORIGIN, true), preflightHeaders(ORIGIN, true, METHODS)]) {
      expect(Object.keys(headers)).not.toContain("Access-Control-Allow-Credentials");
      expect(Object.values(headers)).not.toContain("*");
    }
  });
});

test.each([
  ["no origin", null, false],
  ["no origin, whatever is registered", null, true],
  ["an origin that nobody registered", "https://evil.example", false],
  ["the origin of a sandboxed page", "null", false],
])("for %s nothing is allowed, and caches still keep origins apart", (_whose, origin, isRegistered) => {
  expect(corsHeaders(origin, isRegistered)).toEqual({ Vary: "Origin" });
  expect(preflightHeaders(origin, isRegistered, METHODS)).toEqual({ Vary: "Origin" });
});
