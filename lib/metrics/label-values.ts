import { ERRORS, type ErrorCode } from "@/lib/errors/catalogue";
import { OAUTH_STATUS, type OAuthErrorCode } from "@/lib/errors/oauth-catalogue";

/** Every value that a label may have. Whoever counts a value that is not here is told by the compiler. */

export const SIGN_IN_OUTCOMES = ["succeeded", "failed", "limited"] as const;

export const REFRESH_OUTCOMES = ["rotated", "repeated", "recovered", "reuse", "refused"] as const;

export const REFUSAL_CODES = Object.keys(ERRORS) as ErrorCode[];

export const OAUTH_CODES = Object.keys(OAUTH_STATUS) as OAuthErrorCode[];

export const GRANT_TYPES = [
  "authorization_code",
  "refresh_token",
  "client_credentials",
  "device_code",
] as const;

export const REJECTION_REASONS = [
  "too_large",
  "malformed",
  "header",
  "type",
  "algorithm",
  "unknown_key",
  "signature",
  "claims",
  "issuer",
  "audience",
  "lifetime",
  "not_yet_valid",
  "expired",
  "denied",
] as const;

export const SESSION_END_REASONS = [
  "logout",
  "replaced",
  "revoked_by_user",
  "revoked_by_admin",
  "password_changed",
  "role_changed",
  "account_disabled",
  "refresh_token_reuse",
  "authorization_code_reuse",
  "revoked_by_client",
  "expired",
] as const;

export const DENYLIST_SOURCES = ["memory", "redis", "postgres"] as const;

export const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** What stands for a route or a method that is not in its list. */
export const OTHER = "other";
