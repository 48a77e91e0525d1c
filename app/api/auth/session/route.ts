import { json, sessionApi } from "@/app/_http/api";
import { sessionView, userView } from "@/app/_http/views";
import { LatchkeyError } from "@/lib/errors/latchkey-error";

export const GET = sessionApi(async ({ latchkey }, claims) => {
  const session = await latchkey.stores.sessions.find(claims.sid);
  if (session === null || session.userId !== claims.sub) throw new LatchkeyError("not_authenticated");
  return json(200, { user: userView(session.user), session: sessionView(session, claims.sid) });
});
