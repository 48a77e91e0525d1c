import { ERRORS, type ErrorCode } from "@/lib/errors/catalogue";

/** Every value that a label may have. Whoever counts a value that is not here is told by the compiler. */

export const SIGN_IN_OUTCOMES = ["succeeded", "failed", "limited"] as const;

export const REFRESH_OUTCOMES = ["rotated", "repeated", "recovered", "reuse", "refused"] as const;

export const REFUSAL_CODES = Object.keys(ERRORS) as ErrorCode[];

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
  "expired",
] as const;

export const DENYLIST_SOURCES = ["memory", "redis", "postgres"] as const;

export const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** What stands for a route or a method that is not in its list. */
export const OTHER = "other";
