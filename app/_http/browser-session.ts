import { cookies, headers } from "next/headers";
import type { Client } from "@/lib/audit/events";
import { services } from "@/lib/services";
import type { Credentials } from "@/lib/sessions/credentials";
import { logOut } from "@/lib/sessions/log-out";
import { refreshSession } from "@/lib/sessions/refresh-session";
import { readPresented } from "./presented";
import { credentialCookies, removedCookies, type SessionCookie } from "./session-cookies";
import { type SignIn, signInReplacing } from "./sign-in-replacing";

/** In a server action: signs this browser in, in place of the session it has now. */
export async function signInBrowser(signIn: SignIn): Promise<void> {
  await openBrowserSession(await signInReplacing(await headers(), signIn));
}

/** In a server action: gives this browser a session's cookies. */
export const openBrowserSession = (credentials: Credentials): Promise<void> =>
  setCookies(credentialCookies(credentials, services().settings));

/** In a server action: renews this browser's session, as when the key of its access token has just been revoked. */
export async function renewBrowserSession(client: Client): Promise<void> {
  const { sessions, settings } = services();
  const { refreshToken } = readPresented(await headers(), settings.secureCookies);
  if (refreshToken !== null) await openBrowserSession(await refreshSession(sessions, refreshToken, client));
}

/** In a server action: ends this browser's session, if there is one, and takes its cookies away. */
export async function endBrowserSession(client: Client): Promise<void> {
  const { sessions, settings } = services();
  await logOut(sessions, readPresented(await headers(), settings.secureCookies), client);
  await setCookies(removedCookies(settings));
}

async function setCookies(list: readonly SessionCookie[]): Promise<void> {
  const jar = await cookies();
  for (const { name, value, maxAgeSeconds: maxAge, secure } of list) {
    jar.set({ name, value, maxAge, secure, httpOnly: true, sameSite: "strict", path: "/" });
  }
}
