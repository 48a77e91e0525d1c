import type { Refusal } from "./challenge";
import type { Claims, Verifier } from "./create-verifier";
import type { Requirements } from "./requirements";
import type { PresentedRequest } from "./scheme";

/** What an adapter needs of Node's IncomingMessage. */
export interface NodeRequest extends PresentedRequest {
  headers: { authorization?: string | undefined; dpop?: string | string[] | undefined };
  headersDistinct?: { authorization?: string[] | undefined };
}

/** What an adapter leaves on a request. */
export interface Authenticated {
  auth?: Claims;
}

/**
 * Leaves the claims of a valid token that meets the requirements on a request, and returns null; or the answer to send.
 * Throws a `TypeError` for requirements that are wrong themselves.
 */
export function createGate(
  verifier: Pick<Verifier, "guard">,
  requirements: Requirements | undefined,
): (request: Authenticated, raw: NodeRequest) => Promise<Refusal | null> {
  const guard = verifier.guard(requirements);
  return async (request, raw) => {
    // Node keeps the first of several Authorization headers and says nothing; all of them are one that is refused.
    const authorization = raw.headersDistinct?.authorization?.join() ?? raw.headers.authorization;
    const result = await guard(authorization, raw);
    if (!result.ok) return result;
    request.auth = result.claims;
    return null;
  };
}

/** The claims of a request that has passed `requireToken`. Throws for any other. */
export function claimsOf(request: object): Claims {
  const { auth } = request as Authenticated;
  if (auth === undefined) throw new Error("requireToken is not before this route.");
  return auth;
}
