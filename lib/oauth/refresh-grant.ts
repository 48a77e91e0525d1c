import { hasCode } from "@/lib/errors/latchkey-error";
import { renewSession } from "@/lib/sessions/refresh-session";
import type { Grant } from "@/lib/sessions/session";
import type { OAuthDependencies } from "./dependencies";
import { spendProof } from "./dpop";
import { findGrant } from "./find-grant";
import {
  issueForGrant,
  requireSameAudience,
  requireStillTheirs,
  stillAllowed,
  type TokenResponse,
} from "./grant";
import { requireIssuable } from "./issue-client-token";
import { OAuthError } from "./oauth-error";
import { formatScope, isWithin, parseScope, wordsOf } from "./scope";
import { jktOf, type TokenCall } from "./token-call";

/**
 * `grant_type=refresh_token` (RFC 6749 section 6): the acknowledged rotation of sessions (docs/decisions/002). The scope
 * may be narrowed for this one token, never widened. Throws `invalid_grant`, `invalid_scope`, `invalid_target`.
 */
export async function refreshGrant(deps: OAuthDependencies, call: TokenCall): Promise<TokenResponse> {
  const text = requireText(call);
  const grant = await requireGrant(deps, call, text);
  requireBoundKey(grant, call);
  requireSameAudience(call, grant.audience);
  requireStillTheirs(deps, call.client, grant.audience);
  const scope = readScope(grant, call);
  await spendProof(deps, call.proof);
  const renewed = await renew(deps, call, text, grant, scope);
  return issueForGrant(deps, call.client, renewed, { scope, jkt: jktOf(call), nonce: null });
}

function requireText({ parameters }: TokenCall): string {
  const text = parameters.get("refresh_token");
  if (text === null) throw new OAuthError("invalid_request", "refresh_token is missing.");
  return text;
}

async function requireGrant(deps: OAuthDependencies, { client }: TokenCall, text: string): Promise<Grant> {
  const grant = (await findGrant(deps, client.id, text))?.session.grant ?? null;
  if (grant === null) throw refused("no such grant of this client");
  return grant;
}

/** Of a public client (RFC 9449 section 5); a confidential one proves who it is, and may change its key. */
function requireBoundKey({ dpopJkt }: Grant, call: TokenCall): void {
  if (dpopJkt !== null && dpopJkt !== jktOf(call)) throw refused("not the key it is bound to");
}

function readScope({ scope }: Grant, { client, parameters }: TokenCall): string {
  const allowed = stillAllowed(client, scope);
  const asked = parameters.get("scope");
  if (asked === null) return allowed;
  const words = parseScope(asked);
  if (words !== null && isWithin(words, wordsOf(allowed))) return formatScope(words);
  throw new OAuthError("invalid_scope", "This grant does not allow that.");
}

async function renew(
  deps: OAuthDependencies,
  call: TokenCall,
  text: string,
  { audience }: Grant,
  scope: string,
) {
  const { client, from } = call;
  const asking = {
    ...deps.sessions,
    requireSigner: () => requireIssuable(deps, client, { audience, scope, jkt: jktOf(call) }),
  };
  try {
    const { session, secret } = await renewSession(asking, text, client.id, from);
    return { session, secret, tokensEndBy: session.idleExpiresAt };
  } catch (error) {
    if (hasCode(error, "invalid_refresh_token")) throw refused(error.reason ?? "refused");
    throw error;
  }
}

const refused = (reason: string): OAuthError =>
  new OAuthError("invalid_grant", "The refresh token is not valid for this client.", { reason });
