import { readFileSync } from "node:fs";
import { PlainError } from "../plain-error";
import type { CommandArguments } from "./command";

/** What the file that an option names holds; undefined where none is named. Throws `PlainError`. */
export function readJsonFile(path: CommandArguments["options"][string]): unknown {
  if (typeof path !== "string") return undefined;
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    // What the file holds may be secret: it is not repeated.
    const fault = error instanceof SyntaxError ? "is not JSON" : "cannot be read";
    throw new PlainError(`The file ${path} ${fault}.`);
  }
}
