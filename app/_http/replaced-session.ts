import { services } from "@/lib/services";
import { readPresented } from "./presented";

/** The session that this browser has now and that a sign-in will replace, or null. */
export function replacedSessionId(headers: Headers): string | null {
  const { sessions, settings } = services();
  const { refreshToken } = readPresented(headers, settings.secureCookies);
  return refreshToken === null ? null : (sessions.refreshTokens.verify(refreshToken)?.sessionId ?? null);
}
