import { expect, it } from "vitest";
import { durationWords } from "./duration-words";

it.each([
  [-5, "0 s"],
  [0, "0 s"],
  [0.6, "1 s"],
  [59, "59 s"],
  [60, "1 min"],
  [754, "12 min 34 s"],
  [3_600, "1 h"],
  [3_605, "1 h 5 s"],
  [90_061, "1 d 1 h"],
  [2_591_999, "29 d 23 h"],
])("%s s is %s", (seconds, words) => {
  expect(durationWords(seconds)).toBe(words);
});
