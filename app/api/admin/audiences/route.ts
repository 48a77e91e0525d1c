import { actorOf } from "@/app/_http/actor-of";
import { adminApi, json, readJson } from "@/app/_http/api";
import { requireFreshSignIn } from "@/app/_http/current-session";
import { readPage } from "@/app/_http/page-params";
import { audienceView } from "@/app/_http/views";
import { newAudienceSchema } from "@/lib/audiences/audience-input";
import { createAudience } from "@/lib/audiences/manage-audiences";

export const GET = adminApi(async ({ request, latchkey }) => {
  const { items, nextCursor } = await latchkey.stores.audiences.list(readPage(request.nextUrl.searchParams));
  return json(200, { audiences: items.map(audienceView), nextCursor });
});

export const POST = adminApi(async ({ request, latchkey, client }, claims) => {
  requireFreshSignIn(claims);
  const input = await readJson(request, newAudienceSchema);
  const created = await createAudience(latchkey.audiences, input, actorOf(claims, client));
  return json(201, { ...created, audience: audienceView(created.audience) });
});
