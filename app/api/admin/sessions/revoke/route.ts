import { adminApi, json, readJson } from "@/app/_http/api";
import { revokeSessionsSchema, toSelection } from "@/app/_http/revoke-sessions";
import { endSessions } from "@/lib/sessions/end-sessions";

export const POST = adminApi(async ({ request, latchkey, client }, claims) => {
  const input = await readJson(request, revokeSessionsSchema);
  const event = { actorId: claims.sub, client, details: { note: input.reason } };
  const ended = await endSessions(latchkey.sessions, toSelection(input), "revoked_by_admin", event);
  return json(200, { revoked: ended.length });
});
