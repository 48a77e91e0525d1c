import { pipeline } from "node:stream/promises";
import type { CommandResult, StreamedResult } from "./command";

/** Writes what a command answers to standard output. */
export async function write(result: CommandResult | StreamedResult, isJson: boolean): Promise<void> {
  if ("stream" in result) return writeStream(result.stream);
  const { data, lines } = result;
  process.stdout.write(isJson ? `${JSON.stringify(data)}\n` : lines.map((line) => `${line}\n`).join(""));
}

/** To its end, or until the reader has had enough, as `head` soon has. */
async function writeStream(stream: AsyncIterable<string>): Promise<void> {
  try {
    await pipeline(stream, process.stdout, { end: false });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPIPE")) throw error;
  }
}
