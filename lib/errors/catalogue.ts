interface ErrorEntry {
  status: number;
  /** The public sentence. Nothing else about the error leaves the process. */
  title: string;
}

/** Every refusal a caller can meet. `code` is stable (API.md); the type of codes derives from this table. */
export const ERRORS = {
  invalid_request: { status: 400, title: "The request is not valid." },
  not_authenticated: { status: 401, title: "Sign in to continue." },
  invalid_token: { status: 401, title: "The access token is not valid." },
  invalid_credentials: { status: 401, title: "The e-mail address or the password is not right." },
  invalid_refresh_token: { status: 401, title: "The session has ended. Sign in again." },
  invalid_link: { status: 400, title: "This link has been used or has expired. Ask for a new one." },
  current_password_wrong: { status: 403, title: "The current password is not right." },
  signup_closed: { status: 403, title: "Sign-up is by invitation only." },
  forbidden: { status: 403, title: "You may not do this." },
  foreign_origin: { status: 403, title: "The request came from another site." },
  reauthentication_required: { status: 403, title: "Sign in again to do this." },
  last_administrator: { status: 409, title: "This is the last active administrator." },
  account_disabled: { status: 409, title: "This account is disabled. Enable it first." },
  email_taken: { status: 409, title: "This e-mail address cannot be used." },
  audience_taken: { status: 409, title: "There is an audience of this identifier already." },
  changed_meanwhile: { status: 409, title: "Somebody else has changed it meanwhile. Look at it again." },
  secret_waiting: { status: 409, title: "A new secret is waiting already. Activate it first." },
  not_found: { status: 404, title: "There is nothing here." },
  method_not_allowed: { status: 405, title: "This method is not offered here." },
  length_required: { status: 411, title: "Say how long the request body is (Content-Length)." },
  misdirected_request: { status: 421, title: "This host is not served here." },
  body_too_large: { status: 413, title: "The request body is too large." },
  unsupported_media_type: { status: 415, title: "This kind of body is not accepted here." },
  rate_limited: { status: 429, title: "Too many attempts. Try again later." },
  internal_error: { status: 500, title: "Something went wrong. Nothing was lost; try again." },
  unavailable: { status: 503, title: "Not available for a moment. Nothing was lost; try again." },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;
