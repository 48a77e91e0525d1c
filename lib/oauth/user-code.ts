import { randomInt } from "node:crypto";

/** Without vowels, so that no word comes up, and without digits, which look like letters (RFC 8628 section 6.1). */
const LETTERS = "BCDFGHJKLMNPQRSTVWXZ";
const CODE_LETTERS = 8;
const GROUP_LETTERS = CODE_LETTERS / 2;
const USER_CODE = new RegExp(`^[${LETTERS}]{${CODE_LETTERS}}$`, "i");
const MAX_TYPED_CHARACTERS = 64;
/** What people put between letters: spaces, and any dash a keyboard makes of a hyphen. */
const SEPARATORS = /[\s\p{Dash_Punctuation}]/gu;

/** Eight random letters, 34 bits: enough beside ten minutes and a limit of attempts (RFC 8628 section 5.1). */
export const newUserCode = (): string =>
  Array.from({ length: CODE_LETTERS }, () => LETTERS.charAt(randomInt(LETTERS.length))).join("");

/** The code that a person has typed, in any case, with or without spaces and dashes; null for what is none. */
export function parseUserCode(typed: string): string | null {
  if (typed.length > MAX_TYPED_CHARACTERS) return null;
  const letters = typed.replace(SEPARATORS, "");
  return USER_CODE.test(letters) ? letters.toUpperCase() : null;
}

/** As it is shown: `XXXX-XXXX`. */
export const formatUserCode = (code: string): string =>
  `${code.slice(0, GROUP_LETTERS)}-${code.slice(GROUP_LETTERS)}`;
