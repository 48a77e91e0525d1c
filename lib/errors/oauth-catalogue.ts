/** Every refusal in OAuth's own form, with its status: RFC 6749 sections 4.1.2.1 and 5.2, RFC 7009 section 2.2.1, RFC 8628 section 3.5, RFC 9449 sections 5 and 8, OpenID Connect Core 3.1.2.6. */
export const OAUTH_STATUS = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  unsupported_token_type: 400,
  invalid_scope: 400,
  invalid_target: 400,
  access_denied: 400,
  login_required: 400,
  interaction_required: 400,
  request_not_supported: 400,
  request_uri_not_supported: 400,
  invalid_request_uri: 400,
  authorization_pending: 400,
  slow_down: 400,
  expired_token: 400,
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
  invalid_token: 401,
  insufficient_scope: 403,
} as const satisfies Record<string, number>;

export type OAuthErrorCode = keyof typeof OAUTH_STATUS;
