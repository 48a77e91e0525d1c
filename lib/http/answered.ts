import type { IncomingMessage, ServerResponse } from "node:http";
import { routeFor } from "../policy/routes";

/** A request that is over. */
export interface Answered {
  method: string;
  /** The route table's pattern: an address may hold a secret, and a stranger may have made it up. */
  route: string;
  /** `aborted`: the caller left before the answer. */
  status: number | "aborted";
  seconds: number;
}

/** Reports once when the answer has left, or the connection has ended before. */
export function onAnswered(
  request: IncomingMessage,
  response: ServerResponse,
  report: (answered: Answered) => void,
): void {
  const startedAt = performance.now();
  const method = request.method ?? "";
  const route = routeFor(pathOf(request)).pattern;
  response.once("close", () => {
    const status = response.writableFinished ? response.statusCode : "aborted";
    report({ method, route, status, seconds: (performance.now() - startedAt) / 1_000 });
  });
}

export const pathOf = ({ url = "" }: IncomingMessage): string => url.split("?", 1)[0] ?? "";
