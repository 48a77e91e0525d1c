import { actorOf } from "@/app/_http/actor-of";
import { adminApi, json, readJson } from "@/app/_http/api";
import { requireFreshSignIn } from "@/app/_http/current-session";
import { readPage } from "@/app/_http/page-params";
import { clientView } from "@/app/_http/views";
import { newClientSchema } from "@/lib/oauth/client-input";
import { createClient } from "@/lib/oauth/manage-clients";

export const GET = adminApi(async ({ request, latchkey }) => {
  const { items, nextCursor } = await latchkey.stores.clients.list(readPage(request.nextUrl.searchParams));
  return json(200, { clients: items.map(clientView), nextCursor });
});

export const POST = adminApi(async ({ request, latchkey, client }, claims) => {
  requireFreshSignIn(claims);
  const input = await readJson(request, newClientSchema);
  const created = await createClient(latchkey.oauth, input, actorOf(claims, client));
  return json(201, { ...created, client: clientView(created.client) });
});
