import { beforeEach, describe, expect, it } from "vitest";
import { SignatureCounts } from "./signature-counts";
import { HeldClock } from "./testing/held-clock";

const NOW = new Date("2026-11-24T12:00:00Z");

let clock: HeldClock;
let counts: SignatureCounts;
/** As the store adds them up. */
let written: Record<string, { signatures: number; lastAt: Date }>;
let writes: number;
/** What happens while a count is written. */
let duringWrite: (kid: string) => void;

beforeEach(() => {
  clock = new HeldClock(NOW);
  written = {};
  writes = 0;
  duringWrite = () => {};
  const addSignatures = async (kid: string, signatures: number, lastAt: Date) => {
    writes += 1;
    await Promise.resolve();
    duringWrite(kid);
    const before = written[kid];
    written[kid] = { signatures: signatures + (before?.signatures ?? 0), lastAt };
  };
  counts = new SignatureCounts({ addSignatures }, clock);
});

const countsOf = () =>
  Object.fromEntries(Object.entries(written).map(([kid, { signatures }]) => [kid, signatures]));

describe("flushing", () => {
  it("writes what each key has signed, once", async () => {
    counts.add("a");
    counts.add("b");
    counts.add("a");
    await counts.flush();
    expect(countsOf()).toEqual({ a: 2, b: 1 });
    await counts.flush();
    expect(countsOf()).toEqual({ a: 2, b: 1 });
    expect(writes).toBe(2);
  });

  it("writes nothing where nothing was signed", async () => {
    await counts.flush();
    expect(writes).toBe(0);
  });

  it("tells the instant of the last signature, also after the clock was set back", async () => {
    counts.add("a");
    clock.advanceSeconds(10);
    counts.add("a");
    clock.advanceSeconds(-5);
    counts.add("a");
    await counts.flush();
    expect(written.a).toEqual({ signatures: 3, lastAt: new Date(NOW.getTime() + 10_000) });
  });

  it("keeps what was signed while it wrote for the next time", async () => {
    counts.add("a");
    duringWrite = () => {
      duringWrite = () => {};
      counts.add("a");
      counts.add("b");
    };
    await counts.flush();
    expect(countsOf()).toEqual({ a: 1 });
    await counts.flush();
    expect(countsOf()).toEqual({ a: 2, b: 1 });
  });

  it("loses and doubles nothing when two are at it at once", async () => {
    for (let signed = 0; signed < 5; signed += 1) counts.add("a");
    await Promise.all([counts.flush(), counts.flush()]);
    expect(countsOf()).toEqual({ a: 5 });
  });
});

describe("a store that cannot be written to", () => {
  it("is said to be, and what was not written is there the next time, with what came since", async () => {
    counts.add("a");
    counts.add("b");
    duringWrite = (kid) => {
      if (kid === "a") counts.add("a");
      throw new Error("The store cannot be reached.");
    };
    await expect(counts.flush()).rejects.toThrow("cannot be reached");
    expect(written).toEqual({});
    clock.advanceSeconds(60);
    counts.add("b");
    duringWrite = () => {};
    await counts.flush();
    expect(countsOf()).toEqual({ a: 2, b: 2 });
    expect(written.b?.lastAt).toEqual(clock.now());
    expect(written.a?.lastAt).toEqual(NOW);
  });
});
