import type { Claims, Verifier } from "./create-verifier";
import type { Requirements } from "./requirements";
import type { PresentedRequest } from "./scheme";

/**
 * The claims of a request with a valid token that meets the requirements, or the answer to send instead. For whatever
 * has requests of the Fetch standard. Rejects with a `TypeError` for requirements that are wrong themselves.
 */
export async function authenticateRequest(
  verifier: Pick<Verifier, "authenticate">,
  request: PresentedRequest & { headers: Pick<Headers, "get"> },
  requirements?: Requirements,
): Promise<Claims | Response> {
  const authorization = request.headers.get("authorization");
  const result = await verifier.authenticate(authorization, requirements, request);
  if (result.ok) return result.claims;
  const { status, headers, problem } = result;
  return new Response(JSON.stringify(problem), { status, headers });
}
