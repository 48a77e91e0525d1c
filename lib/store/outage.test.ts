import { describe, expect, it } from "vitest";
import { isOutage } from "./outage";

const withCode = (code: string): Error => Object.assign(new Error("refused"), { code });
const causedBy = (cause: unknown): Error => new Error("query failed", { cause });
const ofDriver = (driverAdapterError: unknown): Error =>
  Object.assign(new Error("x"), { meta: { driverAdapterError } });

describe("an outage: the database could not be asked", () => {
  it.each(["P1001", "P1017", "P2024", "P2028", "08006", "57P01", "53300", "ECONNREFUSED", "ENOENT"])(
    "%s",
    (code) => {
      expect(isOutage(withCode(code))).toBe(true);
      expect(isOutage(causedBy(withCode(code)))).toBe(true);
      expect(isOutage(ofDriver(causedBy(withCode(code))))).toBe(true);
    },
  );
  it("a connection that ended in the middle", () => {
    expect(isOutage(new Error("Connection terminated unexpectedly"))).toBe(true);
  });
});

describe("no outage: the database answered, or it was something else", () => {
  it.each(["P2002", "P2025", "P2034", "23505", "23514", "40001", "42P01", "ERR_ASSERTION"])("%s", (code) => {
    expect(isOutage(withCode(code))).toBe(false);
    expect(isOutage(causedBy(withCode(code)))).toBe(false);
  });
  it.each([null, undefined, "ECONNREFUSED", { code: "ECONNREFUSED" }, new Error("x")])("%j", (error) => {
    expect(isOutage(error)).toBe(false);
  });
});
