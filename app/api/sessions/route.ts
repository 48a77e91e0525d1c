import { z } from "zod";
import { json, sessionApi } from "@/app/_http/api";
import { readPage } from "@/app/_http/page-params";
import { parseQuery } from "@/app/_http/parse-input";
import { sessionView } from "@/app/_http/views";
import { endSessions } from "@/lib/sessions/end-sessions";

export const GET = sessionApi(async ({ request, latchkey }, claims) => {
  const page = readPage(request.nextUrl.searchParams);
  const { items, nextCursor } = await latchkey.stores.sessions.listLiveOfUser(
    claims.sub,
    page,
    latchkey.clock.now(),
  );
  return json(200, { sessions: items.map((session) => sessionView(session, claims.sid)), nextCursor });
});

const endOthers = z.strictObject({ except: z.literal("current") });

export const DELETE = sessionApi(async ({ request, latchkey, client }, claims) => {
  parseQuery(endOthers, request.nextUrl.searchParams);
  const selection = { kind: "user", userId: claims.sub, exceptId: claims.sid } as const;
  const event = { actorId: claims.sub, client, details: {} };
  const ended = await endSessions(latchkey.sessions, selection, "revoked_by_user", event);
  return json(200, { revoked: ended.length });
});
