import { expect, it } from "vitest";
import { maxAgeOf } from "./deployment";

it.each([
  ["public, max-age=300, stale-while-revalidate=60", 300],
  ["max-age=0", 0],
  ["public,max-age=5", 5],
  ['Max-Age="7"', 7],
  ["s-maxage=900, max-age=8", 8],
  ["s-maxage=900", null],
  ["x-max-age=9", null],
  ["no-store", null],
  ["", null],
])("of %j the max-age is %s", (cacheControl, seconds) => {
  expect(maxAgeOf(new Headers({ "Cache-Control": cacheControl }))).toBe(seconds);
});

it("is none where nothing is said", () => {
  expect(maxAgeOf(new Headers())).toBeNull();
});
