import { NextResponse } from "next/server";
import type { ErrorCode } from "@/lib/errors/catalogue";
import { isLatchkeyError, LatchkeyError } from "@/lib/errors/latchkey-error";
import { problemHeaders, toProblem } from "@/lib/errors/problem";
import type { Services } from "@/lib/services";
import { ERROR_PAGE_CSP, errorPage } from "./error-page";
import type { Exchange } from "./exchange";

/**
 * What a caller learns of an error: a refusal as it is, an outage as 503, a broken invariant as 500 and the log.
 * Counts it: call it once a request, where the refusal becomes an answer.
 */
export function toRefusal(error: unknown, latchkey: Services, requestId: string): LatchkeyError {
  const refusal = explain(error, latchkey, requestId);
  latchkey.metrics.refusals.inc(refusal.code);
  return refusal;
}

function explain(error: unknown, { isOutage, log }: Services, requestId: string): LatchkeyError {
  if (isLatchkeyError(error)) {
    log.debug({ requestId, code: error.code, reason: error.reason }, "refused");
    return error;
  }
  const code = isOutage(error) ? "unavailable" : "internal_error";
  log.error({ requestId, err: error }, code);
  return new LatchkeyError(code, { cause: error });
}

export function problemResponse(refusal: LatchkeyError, requestId: string): NextResponse {
  const problem = toProblem(refusal, requestId);
  return new NextResponse(JSON.stringify(problem), {
    status: problem.status,
    headers: problemHeaders(refusal),
  });
}

/** These mean: sign in, and you may come back. */
const SIGN_IN_HELPS: ReadonlySet<ErrorCode> = new Set([
  "not_authenticated",
  "invalid_token",
  "invalid_refresh_token",
]);

/** The answer to a request that middleware refuses, in the caller's own terms: page, form of a page, or program. */
export function refuse(exchange: Exchange, error: unknown): NextResponse {
  const { request, route, requestId, latchkey } = exchange;
  const refusal = toRefusal(error, latchkey, requestId);
  if (route.kind !== "page") return problemResponse(refusal, requestId);
  const { status } = toProblem(refusal, requestId);
  if (request.headers.has("next-action")) {
    const code = SIGN_IN_HELPS.has(refusal.code) ? "not_authenticated" : refusal.code;
    return plain(code, status, "text/plain", refusal);
  }
  if (SIGN_IN_HELPS.has(refusal.code) && route.access !== "optional") return toLogin(exchange);
  return plain(errorPage(refusal.code), status, "text/html; charset=utf-8", refusal);
}

function plain(body: string, status: number, type: string, refusal: LatchkeyError): NextResponse {
  const headers = {
    ...problemHeaders(refusal),
    "Content-Type": type,
    "Content-Security-Policy": ERROR_PAGE_CSP,
  };
  return new NextResponse(body, { status, headers });
}

/** 303: whatever the method was, the login page is fetched with GET, and so is the page of a form afterwards. */
function toLogin({ request, latchkey }: Exchange): NextResponse {
  const { pathname, search } = request.nextUrl;
  const target = new URL("/login", latchkey.settings.origin);
  if (pathname !== "/") target.searchParams.set("return_to", `${pathname}${search}`);
  return new NextResponse(null, {
    status: 303,
    headers: { Location: target.href, "Cache-Control": "no-store" },
  });
}
