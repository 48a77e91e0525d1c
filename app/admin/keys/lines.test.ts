import { expect, it } from "vitest";
import { lineNames, planOf } from "./lines";
import { day } from "./testing/dated-key";

const OWN = {
  algorithm: "ES256",
  signsFor: "own_pages",
  signingKid: "own",
  next: { kid: "own-next", at: day(20) },
} as const;
const RS256 = { algorithm: "RS256", signsFor: "audiences", signingKid: "rsa", next: null } as const;

it("has no names where one line signs everything", () => {
  expect(lineNames([OWN])).toBeNull();
});

it("says whose tokens each line signs", () => {
  const names = lineNames([{ ...OWN, signsFor: "both" }, RS256]);
  expect(names?.get("ES256")).toBe("for our own pages and audiences");
  expect(names?.get("RS256")).toBe("for audiences");
  expect(lineNames([OWN, RS256])?.get("ES256")).toBe("for our own pages");
});

it("foresees of each line when its key is replaced, where that is known", () => {
  const waiting = {
    ...RS256,
    algorithm: "EdDSA",
    signingKid: null,
    next: { kid: "ed", at: day(1) },
  } as const;
  const { now, handovers } = planOf({ lines: [OWN, RS256, waiting], now: day(0) });
  expect(now).toEqual(day(0));
  expect([...handovers]).toEqual([["own", day(20)]]);
});

it("goes by the line of a key that stands in for another", () => {
  const own = { ...OWN, algorithm: "HS256", signingKid: "rsa" } as const;
  const line = { ...RS256, next: { kid: "rsa-next", at: day(5) } };
  expect(planOf({ lines: [own, line], now: day(0) }).handovers.get("rsa")).toEqual(day(5));
});
