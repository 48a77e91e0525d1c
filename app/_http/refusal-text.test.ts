import { expect, test } from "vitest";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { explainRefusal } from "./refusal-text";

test("a refusal of fields says what is wrong with each, any other one sentence", () => {
  const fields = { email: "Enter an e-mail address." };
  expect(explainRefusal(new LatchkeyError("invalid_request", { fields }))).toEqual({ errors: fields });
  expect(explainRefusal(new LatchkeyError("invalid_request"))).toEqual({
    message: "The request is not valid.",
  });
});

test.each([
  [1, "Too many attempts. Try again in 1 second."],
  [59, "Too many attempts. Try again in 59 seconds."],
  [60, "Too many attempts. Try again in 1 minute."],
  [61, "Too many attempts. Try again in 2 minutes."],
  [900, "Too many attempts. Try again in 15 minutes."],
])("a wait of %i seconds is said in words", (retryAfterSeconds, message) => {
  expect(explainRefusal(new LatchkeyError("rate_limited", { retryAfterSeconds }))).toEqual({ message });
});
