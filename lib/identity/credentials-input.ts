import { z } from "zod";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { emailSchema } from "./email";
import { findPasswordFault } from "./password-rules";

/** Cut off before anything is hashed (SECURITY.md P2). */
const MAX_PASSWORD_BYTES = 1024;

const passwordText = z
  .string("Enter a password.")
  .min(1, "Enter a password.")
  .refine((text) => Buffer.byteLength(text) <= MAX_PASSWORD_BYTES, "This is too long to be a password.");

export const credentialsSchema = z.strictObject({ email: emailSchema, password: passwordText });
export const passwordChangeSchema = z.strictObject({
  currentPassword: passwordText,
  newPassword: passwordText,
});
export const newPasswordSchema = z.strictObject({ password: passwordText });

/** Throws `invalid_request` for the field when the password may not be chosen. */
export function requireGoodPassword(
  field: "password" | "newPassword",
  password: string,
  email: string,
): void {
  const fault = findPasswordFault(password, email);
  if (fault !== null) throw new LatchkeyError("invalid_request", { fields: { [field]: fault } });
}
