import { ERRORS, type ErrorCode } from "./catalogue";

interface ErrorOptions {
  /** Field -> message, for `invalid_request` alone. */
  fields?: Record<string, string>;
  retryAfterSeconds?: number;
  /** For `method_not_allowed`: what is offered (RFC 9110 section 15.5.6). */
  allow?: readonly string[];
  /** For the log, never for the caller. */
  reason?: string;
  cause?: unknown;
}

/** An expected refusal. What the caller learns is the catalogue's entry for its code, and the fields. */
export class LatchkeyError extends Error {
  override readonly name = "LatchkeyError";
  readonly code: ErrorCode;
  readonly fields: Record<string, string> | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly allow: readonly string[] | undefined;
  readonly reason: string | undefined;

  constructor(code: ErrorCode, options: ErrorOptions = {}) {
    super(ERRORS[code].title, { cause: options.cause });
    this.code = code;
    this.fields = options.fields;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.allow = options.allow;
    this.reason = options.reason;
  }
}

/** By name, not by class: the server bundles hold copies of this file, and an error crosses from one to another. */
export function isLatchkeyError(error: unknown): error is LatchkeyError {
  return error instanceof Error && error.name === "LatchkeyError";
}

export function hasCode(error: unknown, code: ErrorCode): error is LatchkeyError {
  return isLatchkeyError(error) && error.code === code;
}
