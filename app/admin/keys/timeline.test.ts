import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { DatedKey } from "./key-life";
import { ACTIVE, day, keyOf, PLAN, RETIRED, STAGED } from "./testing/dated-key";
import { layOutTimeline, type TimelineRow } from "./timeline";

const DAY_SECONDS = 86_400;
const ROTATION_SECONDS = 30 * DAY_SECONDS;

const layOut = (keys: readonly DatedKey[], plan = PLAN) => layOutTimeline(keys, plan, ROTATION_SECONDS);

const rowOf = (keys: readonly DatedKey[], kid: string): TimelineRow => {
  const row = layOut(keys).rows.find((one) => one.kid === kid);
  if (row === undefined) throw new Error(`There is no row of ${kid}.`);
  return row;
};

const phasesOf = ({ bars }: TimelineRow) =>
  bars.map(({ phase, isPlanned }) => (isPlanned ? `${phase} planned` : phase));

describe("an ordinary month", () => {
  const keys = [STAGED, ACTIVE, RETIRED];
  const { rows, nowX, ticks } = layOut(keys);

  it("has a row for each key, in their order", () => {
    expect(rows.map(({ kid }) => kid)).toEqual(["staged", "active", "retired"]);
    expect(rows.map(phasesOf)).toEqual([
      ["staged", "staged planned", "active planned"],
      ["staged", "active", "active planned"],
      ["staged", "active", "retiring"],
    ]);
    expect(rows.map(({ revokedX }) => revokedX)).toEqual([null, null, null]);
  });

  it("puts what happens at one time at one place", () => {
    const [staged, active, retired] = rows;
    expect(staged?.bars[1]?.x).toBeCloseTo(nowX);
    expect(active?.bars[2]?.x).toBeCloseTo(nowX);
    // One key takes over where the other stops, then and in future.
    expect(retired?.bars[2]?.x).toBeCloseTo(active?.bars[1]?.x ?? 0);
    expect((active?.bars[2]?.x ?? 0) + (active?.bars[2]?.width ?? 0)).toBeCloseTo(staged?.bars[2]?.x ?? 0);
  });

  it("is true to scale", () => {
    const [staged, active] = rows;
    expect((active?.bars[0]?.width ?? 0) / (staged?.bars[0]?.width ?? 1)).toBeCloseTo(30 / 10);
    expect((staged?.bars[1]?.width ?? 0) / (staged?.bars[0]?.width ?? 1)).toBeCloseTo(20 / 10);
  });

  it("has round dates below it", () => {
    expect(ticks.map(({ label }) => label)).toEqual(["Oct", "Nov", "Dec"]);
    expect(ticks[2]?.x).toBeGreaterThan(nowX);
  });
});

it("is empty without keys, and still knows the time", () => {
  const { rows, nowX, ticks } = layOut([], { ...PLAN, handovers: new Map() });
  expect(rows).toEqual([]);
  expect(nowX).toBeGreaterThan(0);
  expect(nowX).toBeLessThan(100);
  expect(ticks.length).toBeGreaterThan(0);
});

it("shows one key that has just begun to sign, and nothing else planned", () => {
  const only = keyOf("active", { createdAt: 0, activatedAt: 0 });
  const { rows } = layOut([only], { ...PLAN, handovers: new Map() });
  expect(rows.map(phasesOf)).toEqual([["active", "active planned"]]);
});

it("marks a revocation where it was, after what the key has been", () => {
  const staged = keyOf("never-signed", { createdAt: -10, activatesAt: 20, revokedAt: -2 });
  const signed = keyOf("signed", { createdAt: -40, activatedAt: -30, revokedAt: -2 });
  const keys = [STAGED, ACTIVE, staged, signed];
  for (const [kid, phases] of [
    ["never-signed", ["staged"]],
    ["signed", ["staged", "active"]],
  ] as const) {
    const row = rowOf(keys, kid);
    expect(phasesOf(row)).toEqual(phases);
    const last = row.bars.at(-1);
    expect(row.revokedX).toBeCloseTo((last?.x ?? 0) + (last?.width ?? 0));
  }
  expect(rowOf(keys, "never-signed").revokedX).toBeCloseTo(rowOf(keys, "signed").revokedX ?? 0);
});

it("leaves out a key that was over long ago, so that the others keep their size", () => {
  const old = keyOf("old", { createdAt: -1_500, activatedAt: -1_470, retiringAt: -1_440, retiredAt: -1_439 });
  const revoked = keyOf("old-revoked", { createdAt: -1_500, activatedAt: -1_470, revokedAt: -1_440 });
  const { rows } = layOut([STAGED, ACTIVE, RETIRED, old, revoked]);
  expect(rows.map(({ kid }) => kid)).toEqual(["staged", "active", "retired"]);
  const begun = keyOf("begun-long-ago", {
    createdAt: -1_500,
    activatedAt: -1_470,
    retiringAt: -300,
    retiredAt: -299,
  });
  const clipped = rowOf([STAGED, ACTIVE, RETIRED, begun], "begun-long-ago");
  expect(phasesOf(clipped)).toEqual(["active", "retiring"]);
  expect(clipped.bars[0]?.x).toBe(0);
});

it("has room for a dozen keys, the newest", () => {
  const keys = Array.from({ length: 30 }, (_, index) =>
    keyOf(`key-${index}`, { createdAt: -index, activatedAt: -index, revokedAt: -index + 0.5 }),
  );
  expect(layOut(keys).rows.map(({ kid }) => kid)).toEqual(keys.slice(0, 12).map(({ kid }) => kid));
});

test("the shortest times can still be seen", () => {
  const minutes = keyOf("k", {
    createdAt: -9.9996,
    activatedAt: -9.9995,
    retiringAt: -9.9994,
    retiredAt: -9.9993,
  });
  const { bars } = rowOf([STAGED, ACTIVE, minutes], "k");
  expect(bars.map(({ phase }) => phase)).toEqual(["staged", "active", "retiring"]);
  for (const { width } of bars) expect(width).toBeGreaterThanOrEqual(1);
});

const days = fc.double({ min: -2_000, max: 400, noNaN: true });
const dates = fc.record(
  {
    createdAt: days,
    activatesAt: days,
    activatedAt: days,
    retiringAt: days,
    retiredAt: days,
    revokedAt: days,
  },
  { requiredKeys: ["createdAt"] },
);

function expectOrderedBars({ bars }: TimelineRow, nowX: number): void {
  expect(bars.length).toBeGreaterThan(0);
  let end = 0;
  for (const { x, width, isPlanned } of bars) {
    expect(x).toBeGreaterThanOrEqual(end);
    expect(width).toBeGreaterThan(0.999);
    if (isPlanned) expect(x).toBeGreaterThanOrEqual(nowX);
    end = x + width - 0.001;
  }
  expect(end).toBeLessThanOrEqual(100);
}

test("whatever the dates, everything stays inside, in order, visible and apart", () => {
  fc.assert(
    fc.property(fc.array(dates, { maxLength: 14 }), fc.option(days), (given, nextAt) => {
      const keys = given.map((one, index) => keyOf(`key-${index}`, one));
      const plan = { ...PLAN, handovers: new Map(nextAt === null ? [] : [["key-0", day(nextAt)]]) };
      const { rows, nowX, ticks } = layOut(keys, plan);
      for (const row of rows) expectOrderedBars(row, nowX);
      const points = [nowX, ...ticks.map(({ x }) => x), ...rows.flatMap(({ revokedX }) => revokedX ?? [])];
      expect(points.filter((x) => x < 0 || x > 100.001)).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
});
