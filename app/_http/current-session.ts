import { cookies, headers } from "next/headers";
import { notFound, redirect } from "next/navigation";
import { cache } from "react";
import { FRESH_SIGN_IN_SECONDS } from "@/lib/config/durations";
import { toNumericDate } from "@/lib/crypto/clock";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { services } from "@/lib/services";
import { authenticate } from "@/lib/sessions/authenticate";
import type { SessionUser } from "@/lib/sessions/session";
import type { VerifiedClaims } from "@/lib/tokens/verify";
import { readPresented } from "./presented";

/** The verified claims of a request's access token, or null. Rejects when the denylist cannot be asked. */
export async function findClaims(requestHeaders: Headers): Promise<VerifiedClaims | null> {
  const { sessions, settings } = services();
  const { accessToken } = readPresented(requestHeaders, settings.secureCookies);
  if (accessToken === null) return null;
  const authentication = await authenticate(sessions, accessToken);
  return authentication.ok ? authentication.claims : null;
}

/** Who is signed in, for a page or an action; asked once a request. */
export const findSession = cache(
  async (): Promise<VerifiedClaims | null> => findClaims(await currentHeaders()),
);

/** The request's headers, with the cookies as they are now: an action may have set new ones before its page renders. */
async function currentHeaders(): Promise<Headers> {
  const current = new Headers(await headers());
  current.set("cookie", (await cookies()).toString());
  return current;
}

/** Sends whoever is not signed in to the login page. */
export async function requireSession(): Promise<VerifiedClaims> {
  return (await findSession()) ?? redirect("/login");
}

/** As `requireSession`; whoever is no administrator gets the page for an unknown address. Middleware answers 403 before. */
export async function requireAdmin(): Promise<VerifiedClaims> {
  const claims = await requireSession();
  return claims.role === "admin" ? claims : notFound();
}

/** Throws `reauthentication_required` unless the person proved who they are less than 15 minutes ago. */
export function requireFreshSignIn(claims: VerifiedClaims): void {
  const ageSeconds = toNumericDate(services().clock.now()) - claims.auth_time;
  if (ageSeconds > FRESH_SIGN_IN_SECONDS) throw new LatchkeyError("reauthentication_required");
}

/** The person who is signed in, as they are now; read once a request. Null: nobody is. */
export const findUser = cache(async (): Promise<SessionUser | null> => {
  const claims = await findSession();
  return claims && services().stores.users.find(claims.sub);
});

/** As `requireSession`, for a page that shows who is signed in. */
export async function requireUser(): Promise<SessionUser> {
  return (await findUser()) ?? redirect("/login");
}
