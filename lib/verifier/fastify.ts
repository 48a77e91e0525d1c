import type { Verifier } from "./create-verifier";
import { type Authenticated, authorizationOf, type NodeRequest } from "./node-request";
import { type Requirements, readRequirements } from "./requirements";

export { claimsOf } from "./node-request";

interface FastifyReplyLike {
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(body: string): unknown;
}

/** A `preHandler`, `preValidation` or `onRequest` hook of Fastify. */
export type Hook = (
  request: { raw: NodeRequest } & Authenticated,
  reply: FastifyReplyLike,
) => Promise<unknown>;

/**
 * Lets a request pass with a valid token that meets the requirements, and leaves its claims as `request.auth`; answers
 * any other. Throws a `TypeError` for requirements that are wrong themselves.
 */
export function requireToken(
  verifier: Pick<Verifier, "authenticate">,
  requirements: Requirements = {},
): Hook {
  readRequirements(requirements);
  return async (request, reply) => {
    const result = await verifier.authenticate(authorizationOf(request.raw), requirements);
    if (result.ok) {
      request.auth = result.claims;
      return undefined;
    }
    reply.code(result.status);
    reply.headers(result.headers);
    return reply.send(JSON.stringify(result.problem));
  };
}
