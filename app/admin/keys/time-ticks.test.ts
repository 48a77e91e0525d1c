import fc from "fast-check";
import { expect, it, test } from "vitest";
import { ticksBetween } from "./time-ticks";

const labels = (start: string, end: string) =>
  ticksBetween(new Date(start), new Date(end), 6).map(({ label }) => label);

test.each([
  ["2026-11-24T10:05:00Z", "2026-11-24T11:00:00Z", ["10:10", "10:20", "10:30", "10:40", "10:50", "11:00"]],
  ["2026-11-24T20:00:00Z", "2026-11-25T08:00:00Z", ["21:00", "25 Nov", "03:00", "06:00"]],
  ["2026-11-24T10:05:00Z", "2026-11-27T10:00:00Z", ["12:00", "25 Nov", "12:00", "26 Nov", "12:00", "27 Nov"]],
  ["2026-11-24T10:05:00Z", "2026-12-26T00:00:00Z", ["26 Nov", "3 Dec", "10 Dec", "17 Dec", "24 Dec"]],
  ["2026-10-20T00:00:00Z", "2027-03-10T00:00:00Z", ["Nov", "Dec", "Jan 2027", "Feb", "Mar"]],
  ["2025-12-30T00:00:00Z", "2026-12-24T00:00:00Z", ["Jan 2026", "Mar", "May", "Jul", "Sep", "Nov"]],
  ["2020-06-01T00:00:00Z", "2030-06-01T00:00:00Z", ["2022", "2024", "2026", "2028", "2030"]],
])("from %s to %s", (start, end, expected) => {
  expect(labels(start, end)).toEqual(expected);
});

it("stays round, in order, within the span and never crowded", () => {
  const instant = fc.date({ min: new Date("2000-01-01"), max: new Date("2200-01-01"), noInvalidDate: true });
  fc.assert(
    fc.property(instant, instant, fc.integer({ min: 2, max: 12 }), (one, other, maxCount) => {
      const [start, end] = one < other ? [one, other] : [other, one];
      const times = ticksBetween(start, end, maxCount).map(({ at }) => at.getTime());
      expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
      expect(times.every((ms) => ms >= start.getTime() && ms <= end.getTime() && ms % 600_000 === 0)).toBe(
        true,
      );
      // One at each end, and months are not all as long as their mean.
      expect(times.length).toBeLessThanOrEqual(maxCount + 2);
    }),
  );
});
