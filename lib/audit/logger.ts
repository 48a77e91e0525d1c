import { type Logger, pino } from "pino";

export type { Logger };

/** One JSON object a line. Request and response objects are never logged, so neither are cookies or bodies. */
export function createLogger(level: string): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, messageKey: "message" });
}
