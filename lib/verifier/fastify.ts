import type { Verifier } from "./create-verifier";
import { type Authenticated, createGate, type NodeRequest } from "./node-request";
import type { Requirements } from "./requirements";

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
export function requireToken(verifier: Pick<Verifier, "guard">, requirements?: Requirements): Hook {
  const gate = createGate(verifier, requirements);
  return async (request, reply) => {
    const refusal = await gate(request, request.raw);
    if (refusal === null) return undefined;
    reply.code(refusal.status);
    reply.headers(refusal.headers);
    return reply.send(JSON.stringify(refusal.problem));
  };
}
