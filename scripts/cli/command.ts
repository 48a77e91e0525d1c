import type { Services } from "../../lib/services";

/** What a command answers: an object for `--json`, and the same as lines for a person. */
export interface CommandResult {
  data: unknown;
  lines: readonly string[];
  /** True when the command did its work and what it found is not well; the exit code is then 1. */
  isRefusal?: boolean;
}

/** An answer too long to hold: the text is written as it comes, the same with `--json` and without. */
export interface StreamedResult {
  stream: AsyncIterable<string>;
  isRefusal?: boolean;
}

export interface CommandArguments {
  positionals: readonly string[];
  options: Readonly<Record<string, string | boolean | undefined>>;
}

export interface Command {
  /** What stands behind NOUN VERB in the usage text. */
  parameters: string;
  summary: string;
  /** How many words must stand behind NOUN VERB. */
  positionals: number;
  options: Readonly<Record<string, { type: "string" | "boolean" }>>;
  /** Refused while Latchkey runs on the embedded database. */
  needsStoppedServer?: true;
  run(latchkey: Services, given: CommandArguments): Promise<CommandResult | StreamedResult>;
}

/** A command used wrongly: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
