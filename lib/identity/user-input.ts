import { z } from "zod";
import { emailSchema } from "./email";

const MAX_NAME_LENGTH = 100;

/** The name a person goes by; an empty one is none. */
export const nameSchema = z
  .string()
  .trim()
  .max(MAX_NAME_LENGTH, `Use at most ${MAX_NAME_LENGTH} characters.`)
  // Control characters and bidirectional overrides make one name look like another.
  .regex(/^[^\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]*$/u, "Leave out control characters.")
  .transform((name) => name || null);

export const roleSchema = z.enum(["user", "admin"], "Choose user or admin.");

export const inviteSchema = z.strictObject({
  email: emailSchema,
  role: roleSchema.default("user"),
  name: nameSchema.nullable().default(null),
});

export const userChangeSchema = z
  .strictObject({ role: roleSchema.optional(), status: z.enum(["active", "disabled"]).optional() })
  .refine((change) => Object.values(change).some((value) => value !== undefined), "Give a role or a status.");
