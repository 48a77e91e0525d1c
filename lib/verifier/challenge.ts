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

const REFUSALS = {
  not_authenticated: { status: 401, title: "An access token is needed." },
  invalid_token: { status: 401, title: "The access token is not valid." },
  insufficient_scope: { status: 403, title: "The access token is not for this." },
  insufficient_user_authentication: { status: 401, title: "A more recent sign-in is needed." },
  unavailable: { status: 503, title: "Access tokens cannot be checked for a moment. Try again." },
} as const satisfies Record<string, { status: RefusalStatus; title: string }>;

export type RefusalCode = keyof typeof REFUSALS;

const RETRY_AFTER_SECONDS = 2;

/** RFC 6750 section 2.1: the scheme in any case, then one token. */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const BEARER_SCHEME = /^Bearer\b/i;

/** The token of an Authorization header; null when there is none of our scheme; undefined when that is not one token. */
export function readBearer(authorization: string | null | undefined): string | null | undefined {
  if (typeof authorization !== "string" || !BEARER_SCHEME.test(authorization)) return null;
  return BEARER.exec(authorization)?.[1];
}

/** The answer for this refusal: RFC 6750 section 3, RFC 9470 section 3. */
export function refusal(code: RefusalCode, demands: Demands): Refusal {
  const { status, title } = REFUSALS[code];
  return {
    ok: false,
    status,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      ...(status === 503
        ? { "Retry-After": String(RETRY_AFTER_SECONDS) }
        : { "WWW-Authenticate": challenge(code, demands) }),
    },
    problem: { type: "about:blank", title, status, code },
  };
}

/** Without a token there is no error to speak of (RFC 6750 section 3.1). */
function challenge(code: RefusalCode, { scope, maxAgeSeconds }: Demands): string {
  if (code === "not_authenticated") return "Bearer";
  const parameters = [`error=${quoted(code)}`];
  if (code === "insufficient_scope") parameters.push(`scope=${quoted(scope.join(" "))}`);
  if (code === "insufficient_user_authentication")
    parameters.push(`max_age=${quoted(String(maxAgeSeconds))}`);
  return `Bearer ${parameters.join(", ")}`;
}

/** RFC 9110 section 5.6.4. */
const quoted = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;
