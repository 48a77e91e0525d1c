import { api, noContent } from "@/app/_http/api";
import { readPresented } from "@/app/_http/presented";
import { removedCookies } from "@/app/_http/session-cookies";
import { logOut } from "@/lib/sessions/log-out";

export const POST = api(async ({ request, latchkey, client }) => {
  const { settings, sessions } = latchkey;
  await logOut(sessions, readPresented(request.headers, settings.secureCookies), client);
  return noContent(removedCookies(settings));
});
