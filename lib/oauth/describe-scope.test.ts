import { expect, it } from "vitest";
import { describePermissions } from "./describe-scope";

const ISSUER = "https://id.example";
const USERINFO = `${ISSUER}/oauth/userinfo`;
const described = (...pairs: [audience: string, scope: string][]) =>
  describePermissions(
    pairs.map(([audience, scope]) => ({ audience, scope })),
    ISSUER,
  );

it("says what may be done at which service, and of no word that it may be used elsewhere", () => {
  expect(described(["orders", "orders:read"], ["billing", "billing:write"])).toEqual([
    "Use “orders:read” at orders in your name",
    "Use “billing:write” at billing in your name",
  ]);
});

it("says each sentence once", () => {
  expect(described(["orders", "openid orders:read"], ["billing", "openid"])).toEqual([
    "Know who you are",
    "Use “orders:read” at orders in your name",
    "Call billing in your name",
  ]);
});

it("says nothing of a service where the tokens are for Latchkey itself", () => {
  expect(described([USERINFO, "openid email"])).toEqual(["Know who you are", "See your e-mail address"]);
  expect(described([USERINFO, "notes"])).toEqual(["Use “notes”"]);
});

it("says so where nothing may be done, and only there", () => {
  expect(described([USERINFO, ""])).toEqual(["Know that you are here, and nothing more"]);
  expect(described([USERINFO, ""], ["orders", ""])).toEqual(["Call orders in your name"]);
});
