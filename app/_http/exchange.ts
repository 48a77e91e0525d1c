import { randomBytes } from "node:crypto";
import { type NextRequest, NextResponse } from "next/server";
import type { Client } from "@/lib/audit/events";
import { contentSecurityPolicy, createNonce, NO_CONTENT_CSP } from "@/lib/policy/content-security-policy";
import { type Route, routeFor } from "@/lib/policy/routes";
import { type Services, services } from "@/lib/services";
import type { Credentials } from "@/lib/sessions/credentials";
import { clientOf } from "./client-of";
import { credentialCookies, forwardedCookies, serializeCookie } from "./session-cookies";

/** One request in middleware, and what its answer must carry. */
export interface Exchange {
  request: NextRequest;
  route: Route;
  latchkey: Services;
  requestId: string;
  client: Client;
  contentSecurityPolicy: string;
  /** The session as it was renewed on the way. Whatever the answer is, the browser must hear of it. */
  renewed: Credentials | null;
}

export function openExchange(request: NextRequest): Exchange {
  const route = routeFor(request.nextUrl.pathname);
  const latchkey = services();
  const { development } = latchkey.settings;
  return {
    request,
    route,
    latchkey,
    requestId: request.headers.get("x-request-id") ?? "",
    client: clientOf(request.headers),
    contentSecurityPolicy:
      route.kind === "page"
        ? contentSecurityPolicy(createNonce(randomBytes), { development })
        : NO_CONTENT_CSP,
    renewed: null,
  };
}

/**
 * Hands the request to its page or handler, with the policy from which Next reads the nonce, and the cookies as they
 * are once the session has been renewed.
 */
export function forward(exchange: Exchange): NextResponse {
  const { request, latchkey, renewed } = exchange;
  const headers = new Headers(request.headers);
  headers.set("content-security-policy", exchange.contentSecurityPolicy);
  if (renewed !== null) {
    headers.set("cookie", forwardedCookies(headers.get("cookie"), renewed, latchkey.settings));
  }
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("Content-Security-Policy", exchange.contentSecurityPolicy);
  return response;
}

/** Gives the browser the session that was renewed on the way, refusals included: otherwise its tokens would be lost. */
export function withRenewedCookies({ renewed, latchkey }: Exchange, response: NextResponse): NextResponse {
  if (renewed === null) return response;
  for (const cookie of credentialCookies(renewed, latchkey.settings)) {
    response.headers.append("Set-Cookie", serializeCookie(cookie));
  }
  return response;
}
