import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import { adjacencyGraphs, dictionary } from "@zxcvbn-ts/language-common";

/** NIST SP 800-63B-4 section 3.1.1.2, for a password that is the only factor. Counted by code point. */
export const MIN_PASSWORD_LENGTH = 15;
export const MAX_PASSWORD_LENGTH = 256;

/** The estimator's score from 0 to 4; below 3 a guess takes fewer than 10^8 tries. */
const MIN_SCORE = 3;

/** The estimator's time grows with length; what decides is found this early. */
const ESTIMATED_CHARACTERS = 32;

let estimator: ZxcvbnFactory | null = null;

/** What is wrong with a new password, as a sentence for the person, or null. No composition rules. */
export function findPasswordFault(password: string, email: string): string | null {
  const length = [...password].length;
  if (length < MIN_PASSWORD_LENGTH) {
    return `Use at least ${MIN_PASSWORD_LENGTH} characters. A sentence of a few words is a good choice.`;
  }
  if (length > MAX_PASSWORD_LENGTH) return `Use at most ${MAX_PASSWORD_LENGTH} characters.`;
  return isEasyToGuess(password, email)
    ? "This is easy to guess. Try a few words that do not belong together."
    : null;
}

/** Common passwords, repetitions, sequences, keyboard runs, and the person's own address. */
function isEasyToGuess(password: string, email: string): boolean {
  estimator ??= new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });
  const ownWords = [
    email,
    email.split("@", 1)[0] ?? "",
    ...email.split(/[^\p{L}\p{N}]+/u),
    "latchkey",
  ].filter((word) => word !== "");
  return estimator.check(password.slice(0, ESTIMATED_CHARACTERS), ownWords).score < MIN_SCORE;
}
