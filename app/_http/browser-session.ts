import { cookies, headers } from "next/headers";
import { services } from "@/lib/services";
import type { Credentials } from "@/lib/sessions/credentials";
import { credentialCookies, removedCookies, type SessionCookie } from "./session-cookies";
import { type SignIn, signInReplacing } from "./sign-in-replacing";

/** In a server action: signs this browser in, in place of the session it has now. */
export async function signInBrowser(signIn: SignIn): Promise<void> {
  await openBrowserSession(await signInReplacing(await headers(), signIn));
}

/** In a server action: gives this browser a session's cookies. */
export const openBrowserSession = (credentials: Credentials): Promise<void> =>
  setCookies(credentialCookies(credentials, services().settings));

/** In a server action: takes the session's cookies away. */
export const closeBrowserSession = (): Promise<void> => setCookies(removedCookies(services().settings));

async function setCookies(list: readonly SessionCookie[]): Promise<void> {
  const jar = await cookies();
  for (const { name, value, maxAgeSeconds: maxAge, secure } of list) {
    jar.set({ name, value, maxAge, secure, httpOnly: true, sameSite: "strict", path: "/" });
  }
}
