import { z } from "zod";
import { adminApi, json } from "@/app/_http/api";
import { pageParams, searchText } from "@/app/_http/page-params";
import { parseQuery } from "@/app/_http/parse-input";
import { adminSessionView } from "@/app/_http/views";

const query = z.strictObject({
  ...pageParams,
  q: searchText,
  userId: z.uuid().nullable().default(null),
  clientId: z.string().max(64).nullable().default(null),
  state: z.enum(["live", "ended", "expired"]).nullable().default(null),
});

export const GET = adminApi(async ({ request, latchkey }, claims) => {
  const { q, userId, state, clientId, ...page } = parseQuery(query, request.nextUrl.searchParams);
  const now = latchkey.clock.now();
  const { items, nextCursor } = await latchkey.stores.sessions.search(
    { query: q, userId, state, clientId },
    page,
    now,
  );
  return json(200, {
    sessions: items.map((session) => adminSessionView(session, claims.sid, now)),
    nextCursor,
  });
});
