import { noContent, sessionApi } from "@/app/_http/api";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { endSessions } from "@/lib/sessions/end-sessions";

export const DELETE = sessionApi(async ({ params, latchkey, client }, claims) => {
  const selection = { kind: "ids", ids: [params.id ?? ""], ownedBy: claims.sub } as const;
  const event = { actorId: claims.sub, client, details: {} };
  const ended = await endSessions(latchkey.sessions, selection, "revoked_by_user", event);
  if (ended.length === 0) throw new LatchkeyError("not_found");
  return noContent();
});
