import { expect, it } from "vitest";
import { UsedProofs } from "./used-proofs";

const NOW = 1_800_000_000;

it("knows a proof again for as long as it is good, and no longer", () => {
  const used = new UsedProofs(1);
  expect(used.use("one", NOW + 70, NOW)).toBe("first");
  expect(used.use("one", NOW + 70, NOW)).toBe("again");
  expect(used.use("one", NOW + 70, NOW + 70)).toBe("again");
  expect(used.use("one", NOW + 141, NOW + 71)).toBe("first");
});

it("has no room for another until one may be forgotten", () => {
  const used = new UsedProofs(2);
  used.use("one", NOW + 10, NOW);
  used.use("two", NOW + 20, NOW);
  expect(used.use("three", NOW + 20, NOW)).toBe("no_room");
  expect(used.use("one", NOW + 10, NOW)).toBe("again");
  expect(used.use("three", NOW + 20, NOW + 11)).toBe("first");
  expect(used.use("two", NOW + 20, NOW + 11)).toBe("again");
});

it("forgets none that is still good, whatever came before it", () => {
  const used = new UsedProofs(10);
  used.use("of a clock that is ahead", NOW + 140, NOW);
  used.use("of now", NOW + 70, NOW);
  expect(used.use("of a clock that is ahead", NOW + 140, NOW + 100)).toBe("again");
  expect(used.use("of now", NOW + 70, NOW + 141)).toBe("first");
});

it("makes room for as many as come in time", () => {
  const used = new UsedProofs(100);
  for (let second = 0; second < 1_000; second += 1) {
    expect(used.use(`proof ${second}`, NOW + second + 50, NOW + second)).toBe("first");
  }
});
