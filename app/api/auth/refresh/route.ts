import { api, cookiesOf, json } from "@/app/_http/api";
import { readPresented } from "@/app/_http/presented";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { refreshSession } from "@/lib/sessions/refresh-session";

export const POST = api(async ({ request, latchkey, client }) => {
  const { refreshToken } = readPresented(request.headers, latchkey.settings.secureCookies);
  if (refreshToken === null) throw new LatchkeyError("invalid_refresh_token");
  const credentials = await refreshSession(latchkey.sessions, refreshToken, client);
  return json(200, { accessTokenExpiresAt: credentials.accessTokenExpiresAt }, cookiesOf(credentials));
});
