import { z } from "zod";
import { LatchkeyError } from "@/lib/errors/latchkey-error";

/**
 * The text fields of a form that the schema names and nothing else, so that no other field can reach a use case. One
 * that is missing, a file, or there twice is undefined, and the schema says what is wrong; a field that the schema has
 * as an array is every text of that name, as ticked boxes send it. Throws `invalid_request` for what is no form: the
 * arguments of an action are whatever its caller sends.
 */
export function readForm(form: unknown, schema: z.ZodObject): Record<string, unknown> {
  if (!(form instanceof FormData)) throw new LatchkeyError("invalid_request");
  return Object.fromEntries(
    Object.entries(schema.shape).map(([name, field]) => [
      name,
      field instanceof z.ZodArray ? textsOf(form, name) : singleText(form, name),
    ]),
  );
}

/**
 * The named fields as they were typed, for `FormState.values`; one that is absent (an unticked box) is "", those of one
 * name stand with a space between. None of what is no form.
 */
export function typedValues(form: unknown, names: readonly string[]): Record<string, string> {
  if (!(form instanceof FormData)) return {};
  return Object.fromEntries(names.map((name) => [name, textsOf(form, name).join(" ")]));
}

function singleText(form: FormData, name: string): string | undefined {
  const [value, ...others] = form.getAll(name);
  return typeof value === "string" && others.length === 0 ? value : undefined;
}

const textsOf = (form: FormData, name: string): string[] =>
  form.getAll(name).filter((value) => typeof value === "string");
