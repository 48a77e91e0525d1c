import { expect, test } from "vitest";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { messageOf, readFields } from "./forms";

test("readFields takes the named fields and nothing else", () => {
  const form = new FormData();
  form.set("email", "ada@example.com");
  form.set("role", "admin");
  form.set("$ACTION_KEY", "k1");
  expect(readFields(form, "email")).toEqual({ email: "ada@example.com" });
});

test("a field that is missing, repeated or a file is undefined", () => {
  const form = new FormData();
  form.append("twice", "a");
  form.append("twice", "b");
  form.set("file", new Blob(["x"]));
  expect(readFields(form, "twice", "file", "missing")).toEqual({
    twice: undefined,
    file: undefined,
    missing: undefined,
  });
});

test.each([
  [1, "Too many attempts. Try again in 1 second."],
  [59, "Too many attempts. Try again in 59 seconds."],
  [60, "Too many attempts. Try again in 1 minute."],
  [61, "Too many attempts. Try again in 2 minutes."],
  [900, "Too many attempts. Try again in 15 minutes."],
])("a wait of %i seconds is said in words", (retryAfterSeconds, message) => {
  expect(messageOf(new LatchkeyError("rate_limited", { retryAfterSeconds }))).toBe(message);
});
