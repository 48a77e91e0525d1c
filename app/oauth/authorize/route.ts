import type { NextRequest, NextResponse } from "next/server";
import { readAuthorization } from "@/app/_http/authorization";
import { clientErrorAnswer, seeOther } from "@/app/_http/client-error-answer";
import { findClaims } from "@/app/_http/current-session";
import { addressOf } from "@/app/_http/search-params";
import type { AuthorizationRequest } from "@/lib/oauth/authorization-request";
import { authorize, errorAddress } from "@/lib/oauth/authorize";
import { isOAuthError, OAuthError } from "@/lib/oauth/oauth-error";
import { isCanonicalTarget } from "@/lib/policy/request-target";
import { safeReturnTo } from "@/lib/policy/return-to";
import { type Services, services } from "@/lib/services";

/**
 * The authorization endpoint (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2). Every redirect is a 303: none
 * repeats what was posted (RFC 9700 section 4.12).
 */
export async function GET(request: NextRequest): Promise<NextResponse> {
  const latchkey = services();
  try {
    return seeOther(await nextAddress(request, latchkey));
  } catch (error) {
    if (isOAuthError(error) && error.returnTo !== null) {
      latchkey.metrics.oauthRefusals.inc(error.code);
      return seeOther(errorAddress(latchkey.settings.origin, error, error.returnTo));
    }
    return clientErrorAnswer(error, latchkey, request);
  }
}

/** The same, asked by a form (OpenID Connect Core section 3.1.2.1): it reads nothing but the form. */
export async function POST(request: NextRequest): Promise<NextResponse> {
  const target = `/oauth/authorize?${new URLSearchParams(await request.text())}`;
  if (isCanonicalTarget(target)) return seeOther(services().settings.origin + target);
  return clientErrorAnswer(
    new OAuthError("invalid_request", "The request is too long."),
    services(),
    request,
  );
}

/** Where it may, or has to, be somebody else, that can be said; everybody else confirms who they are. */
const reasonToAsk = ({ prompts, expectedUser }: AuthorizationRequest) =>
  prompts.has("select_account") || expectedUser !== null ? "switch" : "confirm";

async function nextAddress({ headers, nextUrl }: NextRequest, latchkey: Services): Promise<string> {
  const { origin } = latchkey.settings;
  const { request, countsSince, markedQuery, query } = await readAuthorization(nextUrl.searchParams);
  const claims = await findClaims(headers);
  const session = claims && (await latchkey.stores.sessions.find(claims.sid));
  const step = await authorize(latchkey.oauth, request, session, countsSince);
  if (step.kind === "return") return step.to;
  if (step.kind === "consent") return `${origin}/oauth/consent?${query}`;
  const returnTo = `/oauth/continue?${markedQuery}`;
  const login = addressOf("/login", {
    return_to: returnTo,
    login_hint: request.loginHint,
    reason: step.isAgain ? reasonToAsk(request) : null,
  });
  if (safeReturnTo(returnTo) === returnTo && isCanonicalTarget(login)) return origin + login;
  const description = "The request is too long to come back from the sign-in page: push it (RFC 9126).";
  throw new OAuthError("invalid_request", description, { returnTo: request });
}
