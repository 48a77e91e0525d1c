import { expect, it } from "vitest";
import { RATE_LIMITS } from "./rate-limits";

it("is exactly this", () => {
  const rows = Object.entries(RATE_LIMITS).map(([name, { points, windowSeconds, per }]) => [
    name,
    points,
    windowSeconds,
    per,
  ]);
  expect(rows).toEqual([
    ["signInFailureByAccountAndAddress", 10, 900, "account and address"],
    ["signInFailureByAccount", 100, 3600, "account"],
    ["signInByAddress", 100, 900, "address"],
    ["signUpByAddress", 20, 3600, "address"],
    ["oneTimeLinkByAddress", 30, 900, "address"],
    ["passwordCheckByUser", 10, 900, "user"],
    ["userCodeByUser", 10, 900, "user"],
    ["deviceAuthorizationByAddress", 60, 900, "address"],
    ["deviceAuthorizationByClient", 6000, 900, "client"],
    ["pushedRequestByAddress", 300, 900, "address"],
    ["pushedRequestByClient", 6000, 900, "client"],
  ]);
});
