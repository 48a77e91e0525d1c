import { describe, expect, it } from "vitest";
import { type PartState, readiness } from "./readiness";

type Parts = Parameters<typeof readiness>[0];

const never = () => new Promise<never>(() => {});
const fails = async () => {
  throw new Error("no answer");
};

/** As much of the parts as is looked at. */
const parts = (given: { ping?: () => Promise<void>; signer?: object; state?: () => Promise<PartState> }) => {
  const { ping = async () => {}, signer = {}, state = async () => "ok" as const } = given;
  return { stores: { ping }, keyring: { signer }, denylist: { state } } as unknown as Parts;
};

const withoutSigner = () => {
  const given = parts({});
  Object.defineProperty(given.keyring, "signer", { get: () => raise() });
  return given;
};
const raise = () => {
  throw new Error("The keyring holds no key that signs.");
};

describe("readiness", () => {
  it.each<[string, Parts, PartState, Partial<Record<string, PartState>>]>([
    ["all well", parts({}), "ok", {}],
    ["the denylist degraded", parts({ state: async () => "degraded" }), "degraded", { denylist: "degraded" }],
    ["the database gone", parts({ ping: fails }), "unavailable", { database: "unavailable" }],
    ["the database silent", parts({ ping: never }), "unavailable", { database: "unavailable" }],
    ["the denylist silent", parts({ state: never }), "unavailable", { denylist: "unavailable" }],
    ["the denylist failing", parts({ state: fails }), "unavailable", { denylist: "unavailable" }],
    [
      "the denylist degraded and the database gone",
      parts({ ping: fails, state: async () => "degraded" }),
      "unavailable",
      { database: "unavailable", denylist: "degraded" },
    ],
    ["no key that signs", withoutSigner(), "unavailable", { keys: "unavailable" }],
  ])("with %s", async (_name, given, status, notOk) => {
    const answer = await readiness(given, 20);
    expect(answer).toEqual({ status, parts: { database: "ok", keys: "ok", denylist: "ok", ...notOk } });
  });

  it("does not ask a silent part again, and asks anew once it has answered", async () => {
    const asked: ((value: undefined) => void)[] = [];
    const given = parts({ ping: () => new Promise((resolve) => asked.push(resolve)) });
    for (let probe = 0; probe < 3; probe += 1) await readiness(given, 5);
    expect(asked).toHaveLength(1);
    asked[0]?.(undefined);
    await new Promise(setImmediate);
    const answer = readiness(given, 60_000);
    await new Promise(setImmediate);
    expect(asked).toHaveLength(2);
    asked[1]?.(undefined);
    expect((await answer).status).toBe("ok");
  });
});
