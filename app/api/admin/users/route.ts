import { z } from "zod";
import { actorOf } from "@/app/_http/actor-of";
import { adminApi, json, readJson } from "@/app/_http/api";
import { requireFreshSignIn } from "@/app/_http/current-session";
import { pageParams, searchText } from "@/app/_http/page-params";
import { parseQuery } from "@/app/_http/parse-input";
import { userView } from "@/app/_http/views";
import { inviteUser } from "@/lib/identity/create-user";
import { inviteSchema } from "@/lib/identity/user-input";

const query = z.strictObject({ ...pageParams, q: searchText });

export const GET = adminApi(async ({ request, latchkey }) => {
  const { q, ...page } = parseQuery(query, request.nextUrl.searchParams);
  const { items, nextCursor } = await latchkey.stores.users.list({ query: q }, page);
  return json(200, { users: items.map(userView), nextCursor });
});

export const POST = adminApi(async (call, claims) => {
  const input = await readJson(call.request, inviteSchema);
  if (input.role === "admin") requireFreshSignIn(claims);
  const { user, link } = await inviteUser(call.latchkey.identity, input, actorOf(claims, call.client));
  return json(201, { user: userView(user), link });
});
