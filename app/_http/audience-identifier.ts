import { identifierSchema } from "@/lib/audiences/audience-input";
import { LatchkeyError } from "@/lib/errors/latchkey-error";

/** Throws `not_found` for what cannot name an audience: the same as for one that does not exist. */
export function requireIdentifier(value: unknown): string {
  const parsed = identifierSchema.safeParse(value);
  if (!parsed.success) throw new LatchkeyError("not_found");
  return parsed.data;
}
