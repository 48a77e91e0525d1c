import { secondsBetween } from "@/lib/crypto/clock";
import type { SessionWithUser } from "@/lib/sessions/session";
import { type Client, OPENID } from "./client";
import type { OAuthDependencies } from "./dependencies";
import { issueIdToken } from "./id-token";
import { issueClientToken } from "./issue-client-token";
import { OAuthError } from "./oauth-error";
import { formatScope, wordsOf } from "./scope";
import type { TokenCall } from "./token-call";
import { userinfoAudience } from "./userinfo-audience";

/** RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3. */
export interface TokenResponse {
  access_token: string;
  token_type: "Bearer" | "DPoP";
  /** Seconds. */
  expires_in: number;
  /** Left out where there is none: it has at least one word (RFC 6749 section 3.3). */
  scope?: string;
  refresh_token?: string;
  id_token?: string;
}

/** A grant that has just been given, with what its refresh tokens are made of. */
export interface NewGrant {
  session: SessionWithUser;
  secret: Buffer;
  /** No token lives longer, should nobody be seen in the browser session any more that an online grant ends with. */
  tokensEndBy: Date;
}

/** Which tokens of a grant are asked for, and how. */
interface TokenRequest {
  /** All that the grant allows, or less. */
  scope: string;
  /** The key that the access token is bound to, or null. */
  jkt: string | null;
  nonce: string | null;
}

/** What a client gets for a grant of its own, as it is now. Writes nothing. */
export async function issueForGrant(
  deps: OAuthDependencies,
  client: Client,
  { session, secret, tokensEndBy }: NewGrant,
  { scope, jkt, nonce }: TokenRequest,
): Promise<TokenResponse> {
  const { id: sessionId, generation, grant } = session;
  if (grant === null) throw new Error(`Session ${sessionId} is a browser's.`);
  const subject = {
    subject: session.userId,
    sessionId,
    authenticatedAt: session.authenticatedAt,
    sessionExpiresAt: tokensEndBy,
    jkt,
  };
  const access = await issueClientToken(deps, client, grant.audience, subject, scope);
  const isSignIn = wordsOf(scope).includes(OPENID);
  return {
    ...tokenResponse(access, scope, jkt, deps.clock.now()),
    ...(grant.isOffline
      ? { refresh_token: deps.sessions.refreshTokens.encode({ sessionId, generation, secret }) }
      : {}),
    ...(isSignIn ? { id_token: await issueIdToken(deps, client, session, nonce) } : {}),
  };
}

export const tokenResponse = (
  { accessToken, accessTokenExpiresAt }: { accessToken: string; accessTokenExpiresAt: Date },
  scope: string,
  jkt: string | null,
  now: Date,
): TokenResponse => ({
  access_token: accessToken,
  token_type: jkt === null ? "Bearer" : "DPoP",
  expires_in: Math.floor(secondsBetween(now, accessTokenExpiresAt)),
  ...(scope === "" ? {} : { scope }),
});

/**
 * What of an agreement the client may still have: an administrator may have taken words back since. Throws `invalid_scope`
 * where that is nothing, which no response could say (RFC 6749 section 5.1).
 */
export function stillAllowed(client: Pick<Client, "scope">, scope: string): string {
  const allowed = formatScope(wordsOf(scope).filter((word) => wordsOf(client.scope).includes(word)));
  if (allowed !== "" || scope === "") return allowed;
  throw new OAuthError("invalid_scope", "Nothing of what was allowed is registered for the client any more.");
}

/** What is got for an agreement is for its one service, whatever `resource` says (RFC 8707 section 2.2). Throws `invalid_target`. */
export function requireSameAudience({ parameters }: Pick<TokenCall, "parameters">, audience: string): void {
  const asked = parameters.get("resource");
  if (asked === null || asked === audience) return;
  throw new OAuthError("invalid_target", "This was allowed for another service.");
}

/** Throws `invalid_target` for a service that was taken from the client since. Userinfo is every client's. */
export function requireStillTheirs(
  { issuer }: Pick<OAuthDependencies, "issuer">,
  { audiences }: Pick<Client, "audiences">,
  audience: string,
): void {
  if (audience === userinfoAudience(issuer) || audiences.includes(audience)) return;
  throw new OAuthError("invalid_target", "The client is no longer registered for this service.");
}
