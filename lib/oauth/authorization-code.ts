import type { Client as Caller } from "@/lib/audit/events";
import { AUTHORIZATION_CODE_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import { sha256 } from "@/lib/crypto/derive-key";
import { randomToken } from "@/lib/crypto/random";
import { endSessions } from "@/lib/sessions/end-sessions";
import type { AuthorizationRequest } from "./authorization-request";
import type { OAuthDependencies } from "./dependencies";
import { spendProof } from "./dpop";
import { issueForGrant, requireSameAudience, stillAllowed, type TokenResponse } from "./grant";
import { OAuthError } from "./oauth-error";
import { provesChallenge } from "./pkce";
import { startGrant } from "./start-grant";
import type { AuthorizationCode, OAuthStores } from "./stores";
import { jktOf, type TokenCall } from "./token-call";

/** A code for what the person has agreed to, good for one use within a minute. Of it the hash alone is kept. */
export async function newAuthorizationCode(
  { clock }: Pick<OAuthDependencies, "clock">,
  { authorizationCodes }: Pick<OAuthStores, "authorizationCodes">,
  request: AuthorizationRequest,
  { userId, id: parentId }: { userId: string; id: string },
): Promise<string> {
  const code = randomToken();
  const now = clock.now();
  const { client, redirectUri, audience, scope, nonce, codeChallenge, dpopJkt } = request;
  await authorizationCodes.insert({
    hash: sha256(code),
    clientId: client.id,
    userId,
    parentId,
    redirectUri,
    audience,
    scope,
    nonce,
    codeChallenge,
    dpopJkt,
    createdAt: now,
    expiresAt: addSeconds(now, AUTHORIZATION_CODE_SECONDS),
  });
  return code;
}

/**
 * `grant_type=authorization_code` (RFC 6749 section 4.1.3, RFC 7636 section 4.6). What shows a code that was redeemed
 * already, and all that its client alone knows, ends what was got for it: one of the two is a thief. Who lacks any of that
 * changes nothing. Throws `invalid_grant` for all of them, and `invalid_target` and `invalid_scope`.
 */
export async function redeemCode(deps: OAuthDependencies, call: TokenCall): Promise<TokenResponse> {
  const code = await requireOwnCode(deps, call);
  requireSameRedirectUri(code, call);
  requireVerifier(code, call);
  requireBoundKey(code, call);
  if (code.redeemedAt !== null) return refuseReplay(deps, code, call.from);
  if (code.expiresAt <= deps.clock.now()) throw refused("it has expired");
  requireSameAudience(call, code.audience);
  const scope = stillAllowed(call.client, code.scope);
  await spendProof(deps, call.proof);
  const grant = await startCodeGrant(deps, { ...code, scope }, call);
  return issueForGrant(deps, call.client, grant, { scope, jkt: jktOf(call), nonce: code.nonce });
}

async function requireOwnCode(
  { stores }: OAuthDependencies,
  { client, parameters }: TokenCall,
): Promise<AuthorizationCode> {
  const text = parameters.get("code");
  if (text === null) throw new OAuthError("invalid_request", "code is missing.");
  const code = await stores.authorizationCodes.find(sha256(text));
  if (code === null || code.clientId !== client.id) throw refused("there is none, or another client's");
  return code;
}

/** OAuth 2.1 lets it out here; where it is said it has to be the same. */
function requireSameRedirectUri({ redirectUri }: AuthorizationCode, { parameters }: TokenCall): void {
  const presented = parameters.get("redirect_uri");
  if (presented !== null && presented !== redirectUri) throw refused("another redirect_uri");
}

function requireVerifier({ codeChallenge }: AuthorizationCode, { parameters }: TokenCall): void {
  const verifier = parameters.get("code_verifier");
  if (verifier === null || !provesChallenge(verifier, codeChallenge)) throw refused("not its code_verifier");
}

/** RFC 9449 section 10. */
function requireBoundKey({ dpopJkt }: AuthorizationCode, call: TokenCall): void {
  if (dpopJkt !== null && dpopJkt !== jktOf(call)) throw refused("not the key it is bound to");
}

async function startCodeGrant(deps: OAuthDependencies, code: AuthorizationCode, call: TokenCall) {
  const { audience, scope, parentId } = code;
  const { client, from } = call;
  const jkt = jktOf(call);
  let isLate = false;
  try {
    return await startGrant(
      deps,
      client,
      { audience, scope, parentId, jkt, from },
      async (stores, grantId) => {
        isLate = !(await stores.authorizationCodes.redeem(code.hash, grantId, deps.clock.now()));
        if (isLate) throw refused("redeemed meanwhile");
      },
    );
  } catch (error) {
    // Somebody else was first, and showed all that this one has.
    const now = isLate ? await deps.stores.authorizationCodes.find(code.hash) : null;
    if (now !== null) return refuseReplay(deps, now, from);
    throw error;
  }
}

async function refuseReplay(
  deps: OAuthDependencies,
  { grantId, userId, clientId }: AuthorizationCode,
  from: Caller,
): Promise<never> {
  if (grantId !== null) {
    const selection = { kind: "ids", ids: [grantId], ownedBy: userId } as const;
    const details = { why: "its authorization code was shown again", clientId };
    await endSessions(deps.sessions, selection, "authorization_code_reuse", {
      type: "authorization_code.replayed",
      actorId: null,
      client: from,
      details,
    });
  }
  throw refused("replayed");
}

const refused = (reason: string): OAuthError =>
  new OAuthError("invalid_grant", "The authorization code is not valid for this client and request.", {
    reason,
  });
