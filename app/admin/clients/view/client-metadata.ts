import { type AuthMethod, type Client, OPENID } from "@/lib/oauth/client";
import { wordsOf } from "@/lib/oauth/scope";

/** A secret is sent in the header where nothing is said: every library can. */
const TOKEN_ENDPOINT_AUTH_METHOD: Record<AuthMethod, string> = {
  none: "none",
  client_secret: "client_secret_basic",
  private_key_jwt: "private_key_jwt",
};

/** Where the rest is found: of OpenID Connect Discovery for who signs people in, else of RFC 8414. */
export function discoveryOf(client: Pick<Client, "scope">, issuer: string): string {
  const isOpenid = wordsOf(client.scope).includes(OPENID);
  return `${issuer}/.well-known/${isOpenid ? "openid-configuration" : "oauth-authorization-server"}`;
}

/** What a program is set up with, by the names of RFC 7591 section 2. What is not registered is left out. */
export function clientMetadata(client: Client, issuer: string): Record<string, unknown> {
  const metadata = {
    issuer,
    client_id: client.id,
    client_name: client.name,
    token_endpoint_auth_method: TOKEN_ENDPOINT_AUTH_METHOD[client.authMethod],
    grant_types: client.grantTypes,
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    scope: client.scope,
    resource: client.audiences,
    id_token_signed_response_alg: client.algorithm,
    dpop_bound_access_tokens: client.requiresDpop,
    require_pushed_authorization_requests: client.requiresPushedRequests,
    backchannel_logout_uri: client.backchannelLogoutUri,
  };
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => isSaid(value)));
}

const isSaid = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== null && value !== "" && value !== false;
