import { DPOP_ALGORITHMS } from "@/lib/tokens/dpop-key";
import { PROMPTS } from "./authorization-request";
import { DEVICE_CODE, EMAIL, OFFLINE_ACCESS, OPENID } from "./client";
import { ASSERTION_ALGORITHMS } from "./client-assertion";
import { SIGNING_ALGORITHMS } from "./client-input";
import { CODE_CHALLENGE_METHOD } from "./pkce";
import { parEndpoint, tokenEndpoint, userinfoAudience } from "./userinfo-audience";

const CONFIDENTIAL_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
const ALL_METHODS = ["none", ...CONFIDENTIAL_METHODS];

/** What an ID token and the answer of userinfo say. */
const CLAIMS = [
  "iss",
  "sub",
  "aud",
  "exp",
  "iat",
  "auth_time",
  "nonce",
  "amr",
  "sid",
  "email",
  "email_verified",
];

/**
 * What a client has to know of this server: one document for RFC 8414 and OpenID Connect Discovery 1.0, with the members
 * of RFC 8628, RFC 9126, RFC 9207, RFC 9449, and of the logout and prompt specifications of OpenID Connect.
 */
export const authorizationServerMetadata = (issuer: string) => ({
  issuer,
  ...endpoints(issuer),
  ...clientAuthentication(),
  scopes_supported: [OPENID, EMAIL, OFFLINE_ACCESS],
  response_types_supported: ["code"],
  response_modes_supported: ["query"],
  grant_types_supported: ["authorization_code", "refresh_token", "client_credentials", DEVICE_CODE],
  code_challenge_methods_supported: [CODE_CHALLENGE_METHOD],
  authorization_response_iss_parameter_supported: true,
  prompt_values_supported: PROMPTS,
  require_pushed_authorization_requests: false,
  request_parameter_supported: false,
  request_uri_parameter_supported: false,
  require_request_uri_registration: false,
  claims_parameter_supported: false,
  claims_supported: CLAIMS,
  subject_types_supported: ["public"],
  id_token_signing_alg_values_supported: SIGNING_ALGORITHMS,
  dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
  backchannel_logout_supported: true,
  backchannel_logout_session_supported: true,
});

const endpoints = (issuer: string) => ({
  authorization_endpoint: `${issuer}/oauth/authorize`,
  pushed_authorization_request_endpoint: parEndpoint(issuer),
  device_authorization_endpoint: `${issuer}/oauth/device_authorization`,
  token_endpoint: tokenEndpoint(issuer),
  revocation_endpoint: `${issuer}/oauth/revoke`,
  introspection_endpoint: `${issuer}/oauth/introspect`,
  userinfo_endpoint: userinfoAudience(issuer),
  end_session_endpoint: `${issuer}/oauth/end-session`,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
});

/** A token is introspected only for those who have proved who they are (RFC 7662 section 2.1). */
const clientAuthentication = () => ({
  token_endpoint_auth_methods_supported: ALL_METHODS,
  token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
  revocation_endpoint_auth_methods_supported: ALL_METHODS,
  revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
  introspection_endpoint_auth_methods_supported: CONFIDENTIAL_METHODS,
  introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
});
