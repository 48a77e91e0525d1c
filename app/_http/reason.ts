import { z } from "zod";

const MAX_REASON_CHARACTERS = 200;

const reasonText = z
  .string("Say why.")
  .trim()
  .max(MAX_REASON_CHARACTERS, `Use at most ${MAX_REASON_CHARACTERS} characters.`)
  // Postgres takes neither a NUL nor half a surrogate pair into a JSON column.
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, "Leave out control characters.");

/** Why, in the administrator's words; it is kept in the audit log. */
export const reasonSchema = reasonText.min(1, "Say why.");

/** As `reasonSchema`, where it may be left out: null then. */
export const optionalReasonSchema = reasonText.optional().transform((text) => text || null);
