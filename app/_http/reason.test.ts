import { expect, it, test } from "vitest";
import { z } from "zod";
import { optionalReasonSchema, reasonSchema } from "./reason";

it("is what was typed, without the space around it", () => {
  expect(reasonSchema.parse("  found in a backup ")).toBe("found in a backup");
  expect(optionalReasonSchema.parse("  found in a backup ")).toBe("found in a backup");
});

test.each([
  ["missing", undefined, "Say why."],
  ["empty", "", "Say why."],
  ["only space", "   ", "Say why."],
  ["no text", 7, "Say why."],
  ["too long", "x".repeat(201), "Use at most 200 characters."],
  ["with a NUL", "a\0b", "Leave out control characters."],
  ["with half a surrogate pair", "a\ud800b", "Leave out control characters."],
])("one that is %s is refused", (_what, value, message) => {
  expect(reasonSchema.safeParse(value).error?.issues[0]?.message).toBe(message);
});

test.each([
  [{}, null],
  [{ reason: "" }, null],
  [{ reason: "  " }, null],
  [{ reason: "drill" }, "drill"],
])("where it may be left out, %j means %j", (body, reason) => {
  expect(z.strictObject({ reason: optionalReasonSchema }).parse(body)).toEqual({ reason });
});

test.each([["x".repeat(201)], ["a\0b"], [7], [null]])("an optional one is as strict: %j", (value) => {
  expect(optionalReasonSchema.safeParse(value).success).toBe(false);
});
