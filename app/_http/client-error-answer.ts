import { type NextRequest, NextResponse } from "next/server";
import { toProblem } from "@/lib/errors/problem";
import { isOAuthError } from "@/lib/oauth/oauth-error";
import type { Services } from "@/lib/services";
import { clientErrorPage, ERROR_PAGE_CSP, errorPage } from "./error-page";
import { toRefusal } from "./refuse";

/** 303 whatever the method was; nobody keeps where a person was sent. */
export const seeOther = (address: string): NextResponse =>
  new NextResponse(null, {
    status: 303,
    headers: { Location: address, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer" },
  });

/** What a person sees whom a client has sent here with a request of which nobody else may hear. */
export function clientErrorAnswer(error: unknown, latchkey: Services, request: NextRequest): NextResponse {
  if (isOAuthError(error)) {
    latchkey.metrics.oauthRefusals.inc(error.code);
    return html(400, clientErrorPage(error.message));
  }
  const requestId = request.headers.get("x-request-id") ?? "";
  const refusal = toRefusal(error, latchkey, requestId);
  return html(toProblem(refusal, requestId).status, errorPage(refusal.code));
}

const html = (status: number, body: string): NextResponse =>
  new NextResponse(body, {
    status,
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Cache-Control": "no-store",
      "Content-Security-Policy": ERROR_PAGE_CSP,
    },
  });
