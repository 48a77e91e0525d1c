import { z } from "zod";

/** RFC 5321 section 4.5.3.1.3: a path holds 256 octets with its brackets. */
const MAX_EMAIL_LENGTH = 254;

/** An e-mail address in the one form in which it is stored and compared. */
export const emailSchema = z
  .string("Enter an e-mail address.")
  .transform((text) => text.trim().normalize("NFKC").toLowerCase())
  .pipe(
    z
      .email("Enter an e-mail address, such as ada@example.com.")
      .max(MAX_EMAIL_LENGTH, "This address is too long."),
  );
