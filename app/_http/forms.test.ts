import { expect, test } from "vitest";
import { z } from "zod";
import { hasCode } from "@/lib/errors/latchkey-error";
import { readForm, typedValues } from "./forms";

const schema = z.object({ email: z.string(), ticked: z.array(z.string()) });

function formOf(...entries: [name: string, value: string | Blob][]): FormData {
  const form = new FormData();
  for (const [name, value] of entries) form.append(name, value as string);
  return form;
}

test("a form is read for the fields of the schema and nothing else", () => {
  const form = formOf(["email", "ada@example.com"], ["role", "admin"], ["$ACTION_KEY", "k1"]);
  expect(readForm(form, schema)).toEqual({ email: "ada@example.com", ticked: [] });
});

test("every text of a field that is an array is read", () => {
  const form = formOf(["ticked", "a"], ["ticked", new Blob(["x"])], ["ticked", "b"]);
  expect(readForm(form, schema)).toEqual({ email: undefined, ticked: ["a", "b"] });
});

test.each([
  ["repeated", formOf(["email", "a"], ["email", "b"])],
  ["a file", formOf(["email", new Blob(["x"])])],
  ["missing", formOf()],
])("a field that is %s is undefined", (_what, form) => {
  expect(readForm(form, schema).email).toBeUndefined();
});

const NO_FORMS = [undefined, null, "email=a", 7, [], { email: "a", getAll: () => ["a"] }];

test.each(NO_FORMS.map((value) => [value]))("%j is no form, and refused as not valid", (value) => {
  let thrown: unknown;
  try {
    readForm(value, schema);
  } catch (error) {
    thrown = error;
  }
  expect(hasCode(thrown, "invalid_request")).toBe(true);
  expect(typedValues(value, ["email"])).toEqual({});
});

test("the typed values are those of the named fields alone", () => {
  const form = formOf(["email", "ada@example.com"], ["password", "never to be sent back"]);
  form.append("ticked", "a");
  form.append("ticked", "b");
  expect(typedValues(form, ["email", "terms", "ticked"])).toEqual({
    email: "ada@example.com",
    terms: "",
    ticked: "a b",
  });
});
