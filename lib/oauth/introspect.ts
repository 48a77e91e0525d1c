import { toNumericDate } from "@/lib/crypto/clock";
import { sha256 } from "@/lib/crypto/derive-key";
import { bearerToken } from "@/lib/policy/authorization-header";
import { mayContinue } from "@/lib/sessions/session";
import type { ServiceClaims } from "@/lib/tokens/claims";
import { authenticateConfidentialClient } from "./authenticate-client";
import type { OAuthDependencies } from "./dependencies";
import { findGrant } from "./find-grant";
import { OAuthError } from "./oauth-error";
import type { ClientRequest } from "./token-call";
import { findTokenClaims } from "./verify-client-token";

/** RFC 7662 section 2.2. */
export type Introspection = { active: false } | ({ active: true } & Record<string, unknown>);

/** One answer for what is unknown, over, or none of the caller's business. */
const INACTIVE: Introspection = { active: false };

/** Who asks: a client about its own tokens, or a service about those that are for it. */
type Asking = { clientId: string } | { audience: string };

/**
 * The introspection endpoint (RFC 7662). A service shows the token that reads the revocation feed; a client authenticates
 * as it does everywhere, and may ask about its refresh tokens too. Throws `OAuthError`.
 */
export async function introspect(deps: OAuthDependencies, request: ClientRequest): Promise<Introspection> {
  const asking = await requireAsking(deps, request);
  const token = request.parameters.get("token");
  if (token === null) throw new OAuthError("invalid_request", "token is missing.");
  const claims = await findTokenClaims(deps, token);
  if (claims !== null) return isFor(claims, asking) ? ofAccessToken(claims) : INACTIVE;
  return "clientId" in asking ? ofRefreshToken(deps, asking.clientId, token) : INACTIVE;
}

async function requireAsking(
  deps: OAuthDependencies,
  { headers, parameters }: ClientRequest,
): Promise<Asking> {
  const bearer = bearerToken(headers);
  if (bearer.kind !== "token") {
    return { clientId: (await authenticateConfidentialClient(deps, headers, parameters)).id };
  }
  const audience = await deps.audiences.store.findByFeedTokenHash(sha256(bearer.token));
  if (audience !== null) return { audience: audience.identifier };
  throw new OAuthError("invalid_token", "No service has this feed token.", {
    headers: { "WWW-Authenticate": 'Bearer error="invalid_token"' },
  });
}

const isFor = ({ client_id, aud }: ServiceClaims, asking: Asking): boolean =>
  "clientId" in asking ? client_id === asking.clientId : [aud].flat().includes(asking.audience);

const ofAccessToken = ({
  jti,
  iss,
  aud,
  sub,
  client_id,
  exp,
  iat,
  nbf,
  scope,
  cnf,
  ...rest
}: ServiceClaims) => ({
  active: true as const,
  token_type: cnf === undefined ? "Bearer" : "DPoP",
  iss,
  aud,
  sub,
  client_id,
  exp,
  iat,
  nbf,
  jti,
  sid: rest.sid,
  ...(scope === undefined ? {} : { scope }),
  ...(cnf === undefined ? {} : { cnf }),
  ...(rest.auth_time === undefined ? {} : { auth_time: rest.auth_time, amr: rest.amr }),
});

async function ofRefreshToken(
  deps: OAuthDependencies,
  clientId: string,
  text: string,
): Promise<Introspection> {
  const { session, generation } = (await findGrant(deps, clientId, text)) ?? {};
  if (session === undefined || session.generation !== generation) return INACTIVE;
  if (!session.grant?.isOffline || !mayContinue(session, deps.clock.now())) return INACTIVE;
  const { userId, grant, idleExpiresAt, createdAt } = session;
  return {
    active: true,
    token_type: "refresh_token",
    iss: deps.issuer,
    sub: userId,
    client_id: clientId,
    scope: grant.scope,
    exp: toNumericDate(idleExpiresAt),
    iat: toNumericDate(createdAt),
    sid: session.id,
  };
}
