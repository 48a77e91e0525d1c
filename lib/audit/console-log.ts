import { format, inspect, stripVTControlCharacters } from "node:util";
import type { Logger } from "./logger";

const LEVELS = {
  error: "error",
  warn: "warn",
  info: "info",
  log: "info",
  debug: "debug",
  trace: "debug",
} as const;
type Method = keyof typeof LEVELS;
type Level = (typeof LEVELS)[Method];

/** Next begins its lines with one of these. */
const MARK = /^\s*[○⨯⚠▲✓»]\s*/;

/** From now on what Next, React or a library prints, and what Node warns of, are lines of the log. */
export function logConsole(log: Logger, target: Pick<Console, Method> = globalThis.console): void {
  for (const method of Object.keys(LEVELS) as Method[]) {
    target[method] = (...parts: unknown[]) => print(log, LEVELS[method], parts);
  }
  process.removeAllListeners("warning");
  process.on("warning", (warning) => log.warn({ err: warning }, "Node warns"));
}

function print(log: Logger, level: Level, parts: readonly unknown[]): void {
  const err = parts.find((part) => part instanceof Error);
  const texts = parts.filter((part) => !(part instanceof Error)).map(asText);
  const message = stripVTControlCharacters(format(...texts)).replace(MARK, "");
  if (err === undefined) log[level](message);
  else log[hasCallerLeft(err) ? "debug" : level]({ err }, message === "" ? err.message : message);
}

/** What Node tells whoever still reads the request of a caller that has left. */
const hasCallerLeft = (error: Error): boolean =>
  error.message === "aborted" && "code" in error && error.code === "ECONNRESET";

/** Of an object its kind alone: nobody knows what is in it. */
const asText = (part: unknown): string => (typeof part === "string" ? part : inspect(part, { depth: -1 }));
