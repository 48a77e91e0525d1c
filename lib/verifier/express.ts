import type { Verifier } from "./create-verifier";
import { type Authenticated, createGate, type NodeRequest } from "./node-request";
import type { Requirements } from "./requirements";

export { claimsOf } from "./node-request";

interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): { end(body: string): unknown };
}

/** Middleware of Express 4 and 5, Connect, and anything else that calls with Node's own request and response. */
export type Middleware = (
  request: NodeRequest & Authenticated,
  response: NodeResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

/**
 * Lets a request pass with a valid token that meets the requirements, and leaves its claims as `request.auth`; answers
 * any other. Throws a `TypeError` for requirements that are wrong themselves.
 */
export function requireToken(verifier: Pick<Verifier, "guard">, requirements?: Requirements): Middleware {
  const gate = createGate(verifier, requirements);
  return (request, response, next) =>
    gate(request, request)
      .then((refusal) => {
        if (refusal === null) return next();
        response.writeHead(refusal.status, refusal.headers).end(JSON.stringify(refusal.problem));
      })
      .catch(next);
}
