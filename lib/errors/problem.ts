import { ERRORS, type ErrorCode } from "./catalogue";
import type { LatchkeyError } from "./latchkey-error";

/** An error as RFC 9457 has it. Holds the public entry of its code and the fields, and nothing else. */
export interface Problem {
  type: "about:blank";
  title: string;
  status: number;
  code: ErrorCode;
  requestId: string;
  errors?: Record<string, string>;
}

export function toProblem(
  { code, fields }: Pick<LatchkeyError, "code"> & { fields?: LatchkeyError["fields"] },
  requestId: string,
): Problem {
  return {
    type: "about:blank",
    ...ERRORS[code],
    code,
    requestId,
    ...(fields === undefined ? {} : { errors: fields }),
  };
}

/** What of an error its headers are made from. */
type HeaderFacts = Pick<LatchkeyError, "code"> & Partial<Pick<LatchkeyError, "retryAfterSeconds" | "allow">>;

/** The headers that belong to a problem: RFC 6750 section 3 for a 401, Allow for a 405, Retry-After where it helps. */
export function problemHeaders({ code, retryAfterSeconds, allow }: HeaderFacts): Record<string, string> {
  const retryAfter = retryAfterSeconds ?? (ERRORS[code].status === 503 ? RETRY_AFTER_SECONDS : undefined);
  return {
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
    ...(ERRORS[code].status === 401 ? { "WWW-Authenticate": challenge(code) } : {}),
    ...(allow === undefined ? {} : { Allow: allow.join(", ") }),
    ...(retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) }),
  };
}

const RETRY_AFTER_SECONDS = 2;

const challenge = (code: ErrorCode): string =>
  code === "invalid_token" ? 'Bearer error="invalid_token"' : "Bearer";
