import type { Demands } from "./requirements";

/** RFC 9457, as Latchkey's own answers are. */
export interface Problem {
  type: "about:blank";
  title: string;
  status: RefusalStatus;
  code: RefusalCode;
}

/** An answer for a request that is refused; ready to be sent. */
export interface Refusal {
  ok: false;
  status: RefusalStatus;
  headers: Record<string, string>;
  /** The body, as `headers` announce it. */
  problem: Problem;
}

export type RefusalStatus = 401 | 403 | 503;

export type RefusalCode =
  | "not_authenticated"
  | "invalid_token"
  | "invalid_dpop_proof"
  | "insufficient_scope"
  | "insufficient_user_authentication"
  | "unavailable";

/** RFC 6750 section 2.1: the scheme in any case, then one token. */
export const BEARER = /^Bearer\b(?: +([\w.~+/-]+=*)$)?/i;

/** The token of an Authorization header; null when there is none of this scheme; undefined when that is not one token. */
export function readToken(
  authorization: string | null | undefined,
  scheme: RegExp,
): string | null | undefined {
  const match = typeof authorization === "string" && scheme.exec(authorization);
  return match ? match[1] : null;
}

/** The answer for this refusal, by the scheme Bearer: RFC 6750 section 3, RFC 9470 section 3. */
export function refusal(code: RefusalCode, demands: Demands): Refusal {
  const isUnavailable = code === "unavailable";
  const status = isUnavailable ? 503 : code === "insufficient_scope" ? 403 : 401;
  return {
    ok: false,
    status,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      ...(isUnavailable ? { "Retry-After": "2" } : { "WWW-Authenticate": challenge(code, demands) }),
    },
    problem: { type: "about:blank", title: code.replaceAll("_", " "), status, code },
  };
}

/** Without a token there is no error to speak of (RFC 6750 section 3.1). Scope tokens need no escapes. */
function challenge(code: RefusalCode, { scope, maxAgeSeconds }: Demands): string {
  if (code === "not_authenticated") return "Bearer";
  const details: Partial<Record<RefusalCode, string>> = {
    insufficient_scope: `, scope="${scope.join(" ")}"`,
    insufficient_user_authentication: `, max_age="${maxAgeSeconds}"`,
  };
  return `Bearer error="${code}"${details[code] ?? ""}`;
}
