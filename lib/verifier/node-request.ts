import type { Claims } from "./create-verifier";

/** What an adapter needs of Node's IncomingMessage. */
export interface NodeRequest {
  headers: { authorization?: string | undefined };
  headersDistinct?: { authorization?: string[] | undefined };
}

/** What an adapter leaves on a request. */
export interface Authenticated {
  auth?: Claims;
}

/** Node keeps the first of several Authorization headers and says nothing; all of them are one that is refused. */
export const authorizationOf = ({ headers, headersDistinct }: NodeRequest): string | undefined =>
  headersDistinct?.authorization?.join(", ") ?? headers.authorization;

/** The claims of a request that has passed `requireToken`. Throws for any other. */
export function claimsOf(request: object): Claims {
  const { auth } = request as Authenticated;
  if (auth === undefined) throw new Error("requireToken does not stand before this route.");
  return auth;
}
