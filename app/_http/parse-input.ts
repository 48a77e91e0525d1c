import type { z } from "zod";
import { LatchkeyError } from "@/lib/errors/latchkey-error";

/** The query of an address as the schema has it; a name that is there twice is refused. Throws `invalid_request`. */
export function parseQuery<Schema extends z.ZodType>(
  schema: Schema,
  search: URLSearchParams,
): z.output<Schema> {
  const repeated = [...search.keys()].find((name, index, names) => names.indexOf(name) !== index);
  if (repeated !== undefined)
    throw new LatchkeyError("invalid_request", { fields: { [repeated]: "Give this once." } });
  return parseInput(schema, Object.fromEntries(search));
}

/** The value as the schema has it. Throws `invalid_request` with the first message of each field. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields: Record<string, string> = {};
  for (const issue of parsed.error.issues) {
    const unknownFields = issue.code === "unrecognized_keys" ? issue.keys : [];
    for (const name of unknownFields) fields[name] ??= "There is no such field.";
    if (unknownFields.length === 0) fields[issue.path.join(".") || "body"] ??= issue.message;
  }
  throw new LatchkeyError("invalid_request", { fields });
}
