import { type NextRequest, NextResponse } from "next/server";
import { requireOurActionBody } from "@/app/_http/action-body";
import { authenticateRequest, type SignedIn } from "@/app/_http/authenticate-request";
import { type Exchange, forward, openExchange, withRenewedCookies } from "@/app/_http/exchange";
import { NOTHING_PRESENTED, type Presented, readPresented } from "@/app/_http/presented";
import { refuse } from "@/app/_http/refuse";
import { hasCode, LatchkeyError } from "@/lib/errors/latchkey-error";
import { LANDING_CSP, LANDING_HTML, needsLanding } from "@/lib/policy/landing";
import { isSameOrigin } from "@/lib/policy/same-origin";

// Next calls this file `proxy.ts` from version 16 on; docs/decisions/001 says why it has its name.
export const config = { runtime: "nodejs", matcher: ["/((?!_next/static/).*)"] };

/** Every request, in this order. Pages, handlers and actions check again: this is never the only guard. */
export async function middleware(request: NextRequest): Promise<NextResponse> {
  const exchange = openExchange(request);
  const response = await answer(exchange).catch((error: unknown) => refuse(exchange, error));
  return withRenewedCookies(exchange, response);
}

async function answer(exchange: Exchange): Promise<NextResponse> {
  const { request } = exchange;
  requireOfferedMethod(exchange);
  requireSameOrigin(exchange);
  const presented = findPresented(exchange);
  if (isArrivingFromElsewhere(exchange, presented)) return landing();
  requireAccess(exchange, await findSignedIn(exchange, presented));
  if (takesActions(exchange)) await requireOurActionBody(request);
  return forward(exchange);
}

const takesActions = ({ request, route }: Exchange): boolean =>
  route.kind === "page" && !route.isForClients && request.method === "POST";

function requireOfferedMethod({ route, request }: Exchange): void {
  if (route.access === "nobody") throw new LatchkeyError("not_found");
  if (!route.methods.includes(request.method))
    throw new LatchkeyError("method_not_allowed", { allow: route.methods });
}

/** What is for clients is for those on other sites too, and reads no cookie. */
function requireSameOrigin({ request, route, latchkey }: Exchange): void {
  if (route.isForClients) return;
  if (!isSameOrigin(request.method, request.headers, latchkey.settings.origin)) {
    throw new LatchkeyError("foreign_origin");
  }
}

/** What proves who a client is, its endpoint reads; what a client's form says counts without a cookie. */
function findPresented({ request, route, latchkey }: Exchange): Presented {
  const isAClients = route.isForClients && (route.access === "anonymous" || request.method === "POST");
  return isAClients ? NOTHING_PRESENTED : readPresented(request.headers, latchkey.settings.secureCookies);
}

/** Strict cookies are not sent along a link from another site; the browser asks again as our own (decision 004). */
function isArrivingFromElsewhere({ request, route }: Exchange, { refreshToken }: Presented): boolean {
  return route.kind === "page" && needsLanding(request.method, request.headers, refreshToken !== null);
}

function landing(): NextResponse {
  const headers = { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" };
  return new NextResponse(LANDING_HTML, { headers: { ...headers, "Content-Security-Policy": LANDING_CSP } });
}

/** A token that is refused sends nobody away from a page that is open to all, the login page first of them. */
async function findSignedIn(exchange: Exchange, presented: Presented): Promise<SignedIn | null> {
  const { access } = exchange.route;
  if (access === "anonymous") return null;
  try {
    return await authenticateRequest(exchange, presented);
  } catch (error) {
    if (access === "optional" && hasCode(error, "invalid_token")) return null;
    throw error;
  }
}

function requireAccess({ route }: Exchange, signedIn: SignedIn | null): void {
  if (route.access === "anonymous" || route.access === "optional") return;
  if (signedIn === null) throw new LatchkeyError("not_authenticated");
  if (route.access === "admin" && signedIn.role !== "admin") throw new LatchkeyError("forbidden");
}
