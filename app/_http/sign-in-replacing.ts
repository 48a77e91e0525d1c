import { services } from "@/lib/services";
import type { Credentials } from "@/lib/sessions/credentials";
import { findGenuineSession } from "@/lib/sessions/find-genuine-session";
import { readPresented } from "./presented";

/** A use case that signs a person in, and ends the session it is given. */
export type SignIn = (replacedSessionId: string | null) => Promise<Credentials>;

/** Signs in with the session that the request's browser has now, if any, as the one to replace: a client's grant is none. */
export async function signInReplacing(headers: Headers, signIn: SignIn): Promise<Credentials> {
  const { sessions, settings } = services();
  const { refreshToken } = readPresented(headers, settings.secureCookies);
  const presented = refreshToken === null ? null : sessions.refreshTokens.verify(refreshToken);
  const replaced = presented === null ? null : await findGenuineSession(sessions, presented, null);
  return signIn(replaced?.id ?? null);
}
