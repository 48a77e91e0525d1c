import type { Verifier } from "./create-verifier";
import { type Authenticated, authorizationOf, type NodeRequest } from "./node-request";
import { type Requirements, readRequirements } from "./requirements";

export { claimsOf } from "./node-request";

interface NodeResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
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
export function requireToken(
  verifier: Pick<Verifier, "authenticate">,
  requirements: Requirements = {},
): Middleware {
  readRequirements(requirements);
  return async (request, response, next) => {
    try {
      const result = await verifier.authenticate(authorizationOf(request), requirements);
      if (!result.ok) {
        response.statusCode = result.status;
        for (const [name, value] of Object.entries(result.headers)) response.setHeader(name, value);
        response.end(JSON.stringify(result.problem));
        return;
      }
      request.auth = result.claims;
    } catch (error) {
      next(error);
      return;
    }
    next();
  };
}
