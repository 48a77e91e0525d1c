import { expect, test } from "vitest";
import { typedValues } from "./form-state";

test("typedValues takes the named fields alone", () => {
  const formData = new FormData();
  formData.set("email", "ada@example.com");
  formData.set("password", "never to be sent back");
  expect(typedValues(formData, "email", "terms")).toEqual({ email: "ada@example.com", terms: "" });
});
