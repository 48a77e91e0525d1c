import fc from "fast-check";
import { expect, it, test } from "vitest";
import { bearerToken } from "./authorization-header";

const reading = (header: string) => bearerToken(new Headers({ authorization: header }));

it("is none without the header", () => {
  expect(bearerToken(new Headers())).toEqual({ kind: "none" });
});

test.each([
  ["Bearer a.b.c", "a.b.c"],
  ["bearer a.b.c", "a.b.c"],
  ["BEARER a", "a"],
  ["Bearer a-._~+/9==", "a-._~+/9=="],
  ["  Bearer a  ", "a"], // Headers trims, as RFC 9110 section 5.5 asks
])("%j carries %s", (header, token) => {
  expect(reading(header)).toEqual({ kind: "token", token });
});

test.each([
  "",
  "Bearer",
  "Bearer ",
  "Bearer  a",
  "Bearer\ta",
  "Bearer a b",
  "Bearer a,b",
  "Bearer a, Bearer b",
  "Bearer a,Bearer a",
  "Bearera",
  "Bearer=a",
  "Bearer =",
  "Bearer a=b",
  "Bearer a;b",
  'Bearer "a"',
  "Bearer {}",
  "Bearer \u00e9",
  "Basic dTpw",
  "DPoP a",
  "Token a",
  "a.b.c",
  "Basic dTpw, Bearer a",
  "Bearer a, Basic dTpw",
])("%j is malformed", (header) => {
  expect(reading(header)).toEqual({ kind: "malformed" });
});

it("never picks one of two headers", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9._-]{1,30}$/), (token) => {
      const headers = new Headers({ authorization: `Bearer ${token}` });
      expect(bearerToken(headers)).toEqual({ kind: "token", token });
      headers.append("authorization", `Bearer ${token}`);
      expect(bearerToken(headers)).toEqual({ kind: "malformed" });
    }),
  );
});
