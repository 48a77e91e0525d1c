import type { Client as Caller } from "@/lib/audit/events";
import { secondsBetween } from "@/lib/crypto/clock";
import { randomId } from "@/lib/crypto/random";
import type { SessionWithUser } from "@/lib/sessions/session";
import { keepSession, ownTerms } from "@/lib/sessions/start-session";
import { type Client, isPublic, OFFLINE_ACCESS, OPENID, scopeOf } from "./client";
import type { OAuthDependencies } from "./dependencies";
import { issueIdToken } from "./id-token";
import { issueClientToken } from "./issue-client-token";
import { OAuthError } from "./oauth-error";
import { formatScope } from "./scope";

/** What the person has agreed to. */
interface Agreement {
  audience: string;
  scope: string;
}

/** RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3. */
export interface TokenResponse {
  access_token: string;
  token_type: "Bearer" | "DPoP";
  /** Seconds. */
  expires_in: number;
  scope: string;
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

/** What is written in one transaction with the grant, and before it: of many callers one gets further. */
type Redeem = (stores: OAuthDependencies["stores"], grantId: string) => Promise<void>;

/**
 * Starts a grant, which is a session of its own, as long as the browser session in which it was given goes on. An offline
 * grant has limits of its own; any other lives as long as that session may. Throws `invalid_grant`.
 */
export async function startGrant(
  deps: OAuthDependencies,
  client: Client,
  { parentId, jkt, from, ...agreed }: Agreement & { parentId: string; jkt: string | null; from: Caller },
  redeem: Redeem,
): Promise<NewGrant> {
  await requireSigner(deps, client, agreed.audience);
  return deps.atomically(async (stores) => {
    const now = deps.clock.now();
    const grantId = randomId();
    await redeem(stores, grantId);
    const parent = await stores.sessions.holdLive(parentId, now);
    if (parent === null) throw new OAuthError("invalid_grant", "The sign-in that this came from has ended.");
    const isOffline = agreed.scope.split(" ").includes(OFFLINE_ACCESS);
    const own = ownTerms(deps.sessions, now);
    const asParent = { idleExpiresAt: parent.expiresAt, expiresAt: parent.expiresAt };
    const terms = { ...own, ...(isOffline ? {} : asParent), authenticatedAt: parent.authenticatedAt };
    const grant = {
      ...agreed,
      clientId: client.id,
      parentId,
      isOffline,
      dpopJkt: isPublic(client) ? jkt : null,
    };
    const keeping = { store: stores.sessions, audit: stores.audit, clock: deps.clock };
    const kept = await keepSession(keeping, parent.user, from, terms, grant, grantId);
    return {
      session: { ...kept.session, user: parent.user },
      secret: kept.secret,
      tokensEndBy: isOffline ? terms.idleExpiresAt : parent.idleExpiresAt,
    };
  });
}

/** Rejects while a token could not be signed: nothing is written then for an answer that cannot be given. */
export async function requireSigner(
  { audiences, findSigner }: OAuthDependencies,
  { algorithm }: Pick<Client, "algorithm">,
  identifier: string,
): Promise<void> {
  const audience = await audiences.store.find(identifier);
  await (audience === null ? findSigner(algorithm) : audiences.findSigner(audience));
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
  const isSignIn = scope.split(" ").includes(OPENID);
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
  scope,
});

/** What of an agreement the client may still have: an administrator may have taken words back since. */
export const stillAllowed = (client: Pick<Client, "scope">, scope: string): string =>
  formatScope(scope.split(" ").filter((word) => scopeOf(client).includes(word)));
