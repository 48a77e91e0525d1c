import { expect, test } from "vitest";
import { lifetimeText } from "./profile-text";

test.each([
  [60, "1 minute"],
  [90, "90 seconds"],
  [300, "5 minutes"],
  [600, "10 minutes"],
  [899, "899 seconds"],
])("%i seconds are %s", (seconds, text) => {
  expect(lifetimeText(seconds)).toBe(text);
});
