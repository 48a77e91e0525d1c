import { describe, expect, it } from "vitest";
import { deadlineSignal, withDeadline } from "./deadline";

const never = () => new Promise<never>(() => {});
const aborted = (signal: AbortSignal) =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));

describe("work with a deadline", () => {
  it("answers what it answers in time", async () => {
    expect(await withDeadline(async () => "answer", 1000)).toBe("answer");
  });

  it("rejects as it rejects in time, also at once", async () => {
    await expect(withDeadline(() => Promise.reject(new Error("refused")), 1000)).rejects.toThrow("refused");
    const failing = () => {
      throw new Error("at once");
    };
    await expect(withDeadline(failing, 1000)).rejects.toThrow("at once");
  });

  it("rejects when it takes longer", async () => {
    await expect(withDeadline(never, 5)).rejects.toThrow("No answer within 5 ms.");
  });

  it("may fail later, of which nobody hears", async () => {
    const unheard: unknown[] = [];
    const hear = (reason: unknown) => unheard.push(reason);
    process.on("unhandledRejection", hear);
    const late = async () => {
      await aborted(deadlineSignal());
      await new Promise(setImmediate);
      throw new Error("too late");
    };
    await expect(withDeadline(late, 5)).rejects.toThrow("No answer");
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    process.off("unhandledRejection", hear);
    expect(unheard).toEqual([]);
  });

  it("is told its own deadline, and not that of other work", async () => {
    const signals: AbortSignal[] = [];
    const note = async () => {
      await Promise.resolve();
      signals.push(deadlineSignal());
      await aborted(deadlineSignal());
    };
    const long = withDeadline(note, 60_000);
    await expect(withDeadline(note, 5)).rejects.toThrow("No answer");
    expect(signals.map((signal) => signal.aborted)).toEqual([false, true]);
    void long;
  });

  it("that is none has no time left", () => {
    expect(deadlineSignal().aborted).toBe(true);
  });
});
