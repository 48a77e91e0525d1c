import { expect, it } from "vitest";
import { UsedProofs } from "./used-proofs";

const NOW = 1_800_000_000;

it("knows a proof again for as long as it is good, and no longer", () => {
  const used = new UsedProofs(10);
  expect(used.use("ada", "one", NOW + 70, NOW)).toBe("first");
  expect(used.use("ada", "one", NOW + 70, NOW)).toBe("again");
  expect(used.use("ada", "one", NOW + 70, NOW + 70)).toBe("again");
  expect(used.use("ada", "one", NOW + 141, NOW + 71)).toBe("first");
});

it("has no room for another until one may be forgotten", () => {
  const used = new UsedProofs(2);
  used.use("ada", "one", NOW + 10, NOW);
  used.use("bob", "two", NOW + 20, NOW);
  expect(used.use("eve", "three", NOW + 20, NOW)).toBe("no_room");
  expect(used.use("ada", "one", NOW + 10, NOW)).toBe("again");
  expect(used.use("eve", "three", NOW + 20, NOW + 11)).toBe("first");
  expect(used.use("bob", "two", NOW + 20, NOW + 11)).toBe("again");
});

it("gives one owner half of the room, again as theirs are forgotten, and others the rest", () => {
  const used = new UsedProofs(10);
  for (let n = 0; n < 5; n += 1) expect(used.use("eve", `eve ${n}`, NOW + 10 + n, NOW)).toBe("first");
  expect(used.use("eve", "eve 5", NOW + 20, NOW)).toBe("no_room");
  expect(used.use("eve", "eve 0", NOW + 10, NOW)).toBe("again");
  expect(used.use("ada", "ada", NOW + 20, NOW)).toBe("first");
  expect(used.use("eve", "eve 5", NOW + 20, NOW + 11)).toBe("first");
  expect(used.use("eve", "eve 6", NOW + 20, NOW + 11)).toBe("no_room");
});

it("forgets none that is still good, whatever came before it", () => {
  const used = new UsedProofs(100);
  used.use("ada", "of a clock that is ahead", NOW + 140, NOW);
  used.use("ada", "of now", NOW + 70, NOW);
  expect(used.use("ada", "of a clock that is ahead", NOW + 140, NOW + 100)).toBe("again");
  expect(used.use("ada", "of now", NOW + 70, NOW + 141)).toBe("first");
});

it("makes room for as many as come in time", () => {
  const used = new UsedProofs(1_000);
  for (let second = 0; second < 1_000; second += 1) {
    expect(used.use("ada", `proof ${second}`, NOW + second + 50, NOW + second)).toBe("first");
  }
});

it("forgets each in its own time, whatever may be forgotten later", () => {
  const used = new UsedProofs(4);
  used.use("ada", "of a clock that is ahead", NOW + 140, NOW);
  used.use("ada", "of now", NOW + 70, NOW);
  used.use("bob", "of bob", NOW + 70, NOW);
  used.use("bob", "of bob again", NOW + 70, NOW);
  expect(used.use("ada", "next", NOW + 140, NOW + 70)).toBe("no_room");
  expect(used.use("ada", "next", NOW + 141, NOW + 71)).toBe("first");
  expect(used.use("bob", "next of bob", NOW + 141, NOW + 71)).toBe("first");
  expect(used.use("ada", "of a clock that is ahead", NOW + 140, NOW + 71)).toBe("again");
});
