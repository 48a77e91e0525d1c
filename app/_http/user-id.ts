import { z } from "zod";
import { LatchkeyError } from "@/lib/errors/latchkey-error";

const userId = z.uuid();

/** Throws `not_found` for what cannot be the id of a person: the same as for one who does not exist. */
export function requireUserId(value: unknown): string {
  const parsed = userId.safeParse(value);
  if (!parsed.success) throw new LatchkeyError("not_found");
  return parsed.data;
}
