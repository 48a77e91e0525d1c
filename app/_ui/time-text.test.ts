import { expect, test } from "vitest";
import { relativeText, utcText } from "./time-text";

const NOW = Date.parse("2025-11-24T08:25:00Z");

test("utcText does not depend on the machine", () => {
  expect(utcText(new Date(NOW))).toBe("24 Nov 2025, 08:25 UTC");
  expect(utcText(new Date("2026-01-05T00:00:59Z"))).toBe("5 Jan 2026, 00:00 UTC");
});

test.each([
  [0, "just now"],
  [-59, "just now"],
  [59, "in less than a minute"],
  [-60, "1 minute ago"],
  [-3_599, "59 minutes ago"],
  [-3_600, "1 hour ago"],
  [-86_400, "yesterday"],
  [86_400 * 6, "in 6 days"],
  [-86_400 * 30, "30 days ago"],
])("%i seconds from now is %s", (seconds, text) => {
  expect(relativeText(new Date(NOW + seconds * 1000), NOW)).toBe(text);
});

test("further away it is a date", () => {
  expect(relativeText(new Date("2025-01-15T12:00:00Z"), NOW)).toMatch(/^15 Jan 2025/);
});
