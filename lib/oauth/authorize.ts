import type { Actor } from "@/lib/audit/actor";
import { doneBy } from "@/lib/audit/actor";
import { NEW_SIGN_IN_SECONDS, SIGN_IN_AGAIN_SECONDS } from "@/lib/config/durations";
import { secondsBetween } from "@/lib/crypto/clock";
import type { SessionWithUser } from "@/lib/sessions/session";
import { newAuthorizationCode } from "./authorization-code";
import type { AuthorizationRequest } from "./authorization-request";
import type { OAuthDependencies } from "./dependencies";
import { OAuthError, type OAuthErrorCode, type ReturnAddress } from "./oauth-error";
import { requireUnanswered } from "./pushed-request";
import { isClaimable, withParameters } from "./redirect-uri";
import { isWithin, wordsOf } from "./scope";

/** What has to happen next. */
export type AuthorizationStep =
  /** The person signs in, again where they are signed in. */
  | { kind: "sign_in"; isAgain: boolean }
  /** The person is asked. */
  | { kind: "consent" }
  /** The browser goes back to the client. */
  | { kind: "return"; to: string };

/**
 * Takes an authorization request as far as it goes without asking the person anything. `signInCountsSince` is since when
 * a sign-in counts as the new one that the request asked for; null: it was not asked for yet.
 * Throws `login_required` and `interaction_required` where nobody may be asked (`prompt=none`).
 */
export async function authorize(
  deps: OAuthDependencies,
  request: AuthorizationRequest,
  session: SessionWithUser | null,
  signInCountsSince: Date | null,
): Promise<AuthorizationStep> {
  const mayAsk = !request.prompts.has("none");
  if (session === null || needsSignIn(deps, request, session, signInCountsSince)) {
    if (mayAsk) return { kind: "sign_in", isAgain: session !== null };
    throw returned(request, "login_required", "The person has to sign in.");
  }
  const to = await deps.atomically(async (stores) => {
    if (await needsConsent(stores, request, session)) return null;
    return answerWithCode(deps, stores, request, session);
  });
  if (to !== null) return { kind: "return", to };
  if (mayAsk) return { kind: "consent" };
  throw returned(request, "interaction_required", "The person has to be asked.");
}

/**
 * Whether the request wants a newer sign-in than this session's (OpenID Connect Core section 3.1.2.1). One that was made for
 * it stays new for as long as its mark is good, but grows too old for `max_age` as any other does, after 60 s at the earliest.
 */
export function needsSignIn(
  { clock }: Pick<OAuthDependencies, "clock">,
  { prompts, maxAgeSeconds, expectedUser }: AuthorizationRequest,
  { authenticatedAt, userId }: Pick<SessionWithUser, "authenticatedAt" | "userId">,
  countsSince: Date | null,
): boolean {
  if (expectedUser !== null && !isThem(expectedUser, userId, prompts)) return true;
  const now = clock.now();
  const isRecent = countsSince !== null && secondsBetween(countsSince, now) < SIGN_IN_AGAIN_SECONDS;
  const isForThis = isRecent && authenticatedAt >= countsSince;
  if (!isForThis && (prompts.has("login") || prompts.has("select_account"))) return true;
  if (maxAgeSeconds === null) return false;
  const mostSeconds = isForThis ? Math.max(maxAgeSeconds, NEW_SIGN_IN_SECONDS) : maxAgeSeconds;
  return secondsBetween(authenticatedAt, now) >= mostSeconds;
}

/**
 * Whether that person is the one whom the request is about. Who writes a hint of their own does not learn it without asking
 * them: where nobody is asked, an unproven one fits nobody.
 */
const isThem = (
  { id, isProven }: NonNullable<AuthorizationRequest["expectedUser"]>,
  userId: string,
  prompts: AuthorizationRequest["prompts"],
): boolean => id === userId && (isProven || !prompts.has("none"));

/**
 * Also where the answer would go to whichever program on the device has claimed the address: nobody else can tell it from
 * the one that the person once allowed (RFC 8252 section 8.6).
 */
async function needsConsent(
  { consents }: OAuthDependencies["stores"],
  { client, redirectUri, audience, scope, prompts }: AuthorizationRequest,
  { userId }: SessionWithUser,
): Promise<boolean> {
  if (prompts.has("consent") || isClaimable(redirectUri)) return true;
  const consent = await consents.hold(userId, client.id, audience);
  return consent === null || !isWithin(wordsOf(scope), wordsOf(consent.scope));
}

/** Remembers what the person has agreed to, and returns where the browser goes with the code. */
export async function allow(
  deps: OAuthDependencies,
  request: AuthorizationRequest,
  session: SessionWithUser,
  actor: Actor,
): Promise<string> {
  const { client, audience, scope } = request;
  const { userId } = session;
  return deps.atomically(async (stores) => {
    const grantedAt = deps.clock.now();
    await stores.consents.add({ userId, clientId: client.id, audience, scope, grantedAt });
    const details = { clientId: client.id, name: client.name, audience, scope };
    await stores.audit.record({
      at: grantedAt,
      type: "consent.granted",
      userId,
      ...doneBy(actor),
      details,
    });
    return answerWithCode(deps, stores, request, session);
  });
}

/** Where the browser goes with the person's refusal. */
export async function deny(deps: OAuthDependencies, request: AuthorizationRequest): Promise<string> {
  await requireUnanswered(deps.stores, request.requestUri, deps.clock.now());
  return errorAddress(deps.issuer, returned(request, "access_denied", "The person has refused."), request);
}

async function answerWithCode(
  deps: OAuthDependencies,
  stores: OAuthDependencies["stores"],
  request: AuthorizationRequest,
  session: SessionWithUser,
): Promise<string> {
  await requireUnanswered(stores, request.requestUri, deps.clock.now());
  const code = await newAuthorizationCode(deps, stores, request, session);
  return responseAddress(deps.issuer, request, { code });
}

/** Where a client hears of a refused request (RFC 6749 section 4.1.2.1). */
export const errorAddress = (
  issuer: string,
  { code, message }: Pick<OAuthError, "code" | "message">,
  address: ReturnAddress,
): string => responseAddress(issuer, address, { error: code, error_description: message });

/** `iss` in every answer tells a client of several servers which one it has asked (RFC 9207). */
function responseAddress(
  issuer: string,
  { redirectUri, state }: ReturnAddress,
  answer: Record<string, string>,
): string {
  return withParameters(redirectUri, { ...answer, ...(state === null ? {} : { state }), iss: issuer });
}

const returned = (
  { redirectUri, state }: ReturnAddress,
  code: OAuthErrorCode,
  description: string,
): OAuthError => new OAuthError(code, description, { returnTo: { redirectUri, state } });
