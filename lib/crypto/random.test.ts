import { expect, test } from "vitest";
import { addSeconds, secondsBetween, toNumericDate } from "./clock";
import { randomId, randomToken } from "./random";

test.each([
  ["an id has 128 bits", randomId, 16, 22],
  ["a token has 256 bits", randomToken, 32, 43],
])("%s and never comes twice", (_name, make, bytes, characters) => {
  const made = Array.from({ length: 2000 }, make);
  expect(new Set(made).size).toBe(2000);
  for (const text of made) {
    expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(text).toHaveLength(characters);
    expect(Buffer.from(text, "base64url")).toHaveLength(bytes);
  }
  // Every place of the text varies, so no part of it is constant.
  for (let at = 0; at < characters; at += 1) {
    expect(new Set(made.map((text) => text[at])).size).toBeGreaterThan(3);
  }
});

test.each([
  ["1970-01-01T00:00:00Z", 0],
  ["2026-11-24T12:00:00.000Z", 1_795_521_600],
  ["2026-11-24T12:00:00.999Z", 1_795_521_600],
  ["2026-11-24T12:00:01.000Z", 1_795_521_601],
])("%s is the NumericDate %s", (instant, seconds) => {
  expect(toNumericDate(new Date(instant))).toBe(seconds);
});

test("seconds are added to an instant and counted between two", () => {
  const start = new Date("2026-11-24T23:59:59Z");
  expect(addSeconds(start, 2).toISOString()).toBe("2026-11-25T00:00:01.000Z");
  expect(addSeconds(start, -0.5).toISOString()).toBe("2026-11-24T23:59:58.500Z");
  expect(secondsBetween(start, addSeconds(start, 90.5))).toBe(90.5);
  expect(secondsBetween(addSeconds(start, 5), start)).toBe(-5);
});
