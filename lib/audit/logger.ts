import { type DestinationStream, type Logger, pino } from "pino";
import { describeError } from "./described-error";
import { currentRequest } from "./request-scope";

export type { Logger };

/**
 * One JSON object a line, with the id of the request that is being handled. Request and response objects are never
 * logged, so neither are cookies or bodies. To stdout, unless `destination` is given.
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    messageKey: "message",
    mixin: () => {
      const request = currentRequest();
      return request === null ? {} : { requestId: request.requestId };
    },
    serializers: { err: describeError },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
