import { SettingError } from "../lib/config/setting-error";

/** Something an operator can put right. Its message is one line and all there is to say. */
export class PlainError extends Error {
  override readonly name = "PlainError";
}

/** What to print for an error that ends a command: one line where that says it all, else the stack. */
export function textFor(error: unknown): string {
  if (error instanceof PlainError || error instanceof SettingError) return `${error.message}\n`;
  return `${error instanceof Error ? error.stack : error}\n`;
}
