import { authenticateClient } from "./authenticate-client";
import { redeemCode } from "./authorization-code";
import { type Client, DEVICE_CODE, GRANT_TYPES, type GrantType, OFFLINE_ACCESS } from "./client";
import { issueOwnToken } from "./client-credentials";
import type { OAuthDependencies } from "./dependencies";
import { type DpopProof, findProof } from "./dpop";
import type { TokenResponse } from "./grant";
import { OAuthError } from "./oauth-error";
import type { Parameters } from "./parameters";
import { redeemDevice } from "./redeem-device";
import { refreshGrant } from "./refresh-grant";
import { wordsOf } from "./scope";
import type { ClientRequest, TokenCall } from "./token-call";
import { tokenEndpoint } from "./userinfo-audience";

const REFRESH_TOKEN = "refresh_token";

const ANSWERS: Record<
  GrantType | typeof REFRESH_TOKEN,
  (deps: OAuthDependencies, call: TokenCall) => Promise<TokenResponse>
> = {
  authorization_code: redeemCode,
  [REFRESH_TOKEN]: refreshGrant,
  client_credentials: issueOwnToken,
  [DEVICE_CODE]: redeemDevice,
};

/** The token endpoint (RFC 6749 section 3.2). Throws `OAuthError`. */
export async function answerTokenRequest(
  deps: OAuthDependencies,
  { headers, parameters, from }: ClientRequest,
): Promise<TokenResponse> {
  const client = await authenticateClient(deps, headers, parameters);
  const grantType = requireGrantType(client, parameters);
  const proof = await findKeyProof(deps, client, headers);
  const response = await ANSWERS[grantType](deps, { client, parameters, proof, from });
  deps.sessions.metrics.clientTokens.inc(grantType === DEVICE_CODE ? "device_code" : grantType);
  return response;
}

function requireGrantType(client: Client, parameters: Parameters): keyof typeof ANSWERS {
  const asked = parameters.get("grant_type");
  if (asked === null) throw new OAuthError("invalid_request", "grant_type is missing.");
  if (!isOffered(asked)) throw new OAuthError("unsupported_grant_type", "This grant_type is not offered.");
  const isRegistered =
    asked === REFRESH_TOKEN
      ? wordsOf(client.scope).includes(OFFLINE_ACCESS)
      : client.grantTypes.includes(asked);
  if (isRegistered) return asked;
  throw new OAuthError("unauthorized_client", "The client is not registered for this grant_type.");
}

const isOffered = (name: string): name is keyof typeof ANSWERS =>
  name === REFRESH_TOKEN || GRANT_TYPES.includes(name as GrantType);

async function findKeyProof(
  deps: OAuthDependencies,
  client: Client,
  headers: Headers,
): Promise<DpopProof | null> {
  const proof = await findProof(deps, headers, { method: "POST", url: tokenEndpoint(deps.issuer) });
  if (proof !== null || !client.requiresDpop) return proof;
  throw new OAuthError("invalid_dpop_proof", "This client has to send a DPoP proof.");
}
