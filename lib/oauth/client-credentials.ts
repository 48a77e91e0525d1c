import type { OAuthDependencies } from "./dependencies";
import { spendProof } from "./dpop";
import { type TokenResponse, tokenResponse } from "./grant";
import { issueClientToken } from "./issue-client-token";
import { OAuthError } from "./oauth-error";
import { requireAudience, requireServiceScope } from "./requested";
import { jktOf, type TokenCall } from "./token-call";

/**
 * `grant_type=client_credentials` (RFC 6749 section 4.4): a token of the client's own, about no person. Its `sub` is the
 * client's id, which can be no person's (RFC 9700 section 4.15). Throws `invalid_scope`, `invalid_target`.
 */
export async function issueOwnToken(deps: OAuthDependencies, call: TokenCall): Promise<TokenResponse> {
  const { client, parameters } = call;
  const jkt = jktOf(call);
  const scope = requireServiceScope(client, parameters);
  const audience = requireAudience(deps, client, parameters);
  if (client.audiences.length === 0) {
    throw new OAuthError("invalid_target", "The client is registered for no service.");
  }
  const subject = {
    subject: client.id,
    sessionId: client.tokensId,
    authenticatedAt: null,
    sessionExpiresAt: null,
    jkt,
  };
  await spendProof(deps, call.proof);
  const issued = await issueClientToken(deps, client, audience, subject, scope);
  return tokenResponse(issued, scope, jkt, deps.clock.now());
}
