import { api, cookiesOf, json, readJson } from "@/app/_http/api";
import { replacedSessionId } from "@/app/_http/replaced-session";
import { sessionView, userView } from "@/app/_http/views";
import { credentialsSchema } from "@/lib/identity/credentials-input";
import { signIn } from "@/lib/identity/sign-in";

export const POST = api(async ({ request, latchkey, client }) => {
  const input = await readJson(request, credentialsSchema);
  const credentials = await signIn(latchkey.identity, input, client, replacedSessionId(request.headers));
  const { user, session, accessTokenExpiresAt } = credentials;
  const body = { user: userView(user), session: sessionView(session, session.id), accessTokenExpiresAt };
  return json(200, body, cookiesOf(credentials));
});
