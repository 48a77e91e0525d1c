import { api, cookiesOf, json, readJson } from "@/app/_http/api";
import { replacedSessionId } from "@/app/_http/replaced-session";
import { sessionView, userView } from "@/app/_http/views";
import { signUp } from "@/lib/identity/create-user";
import { credentialsSchema } from "@/lib/identity/credentials-input";

export const POST = api(async ({ request, latchkey, client }) => {
  const input = await readJson(request, credentialsSchema);
  const credentials = await signUp(latchkey.identity, input, client, replacedSessionId(request.headers));
  const { user, session } = credentials;
  return json(
    201,
    { user: userView(user), session: sessionView(session, session.id) },
    cookiesOf(credentials),
  );
});
