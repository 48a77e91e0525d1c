import { actorOf } from "@/app/_http/actor-of";
import { adminApi, json, readJson } from "@/app/_http/api";
import { requireFreshSignIn } from "@/app/_http/current-session";
import { requireUserId } from "@/app/_http/user-id";
import { userView } from "@/app/_http/views";
import { changeUser } from "@/lib/identity/change-user";
import { userChangeSchema } from "@/lib/identity/user-input";

export const PATCH = adminApi(async ({ request, params, latchkey, client }, claims) => {
  const change = await readJson(request, userChangeSchema);
  if (change.role !== undefined) requireFreshSignIn(claims);
  const user = await changeUser(latchkey.identity, requireUserId(params.id), change, actorOf(claims, client));
  return json(200, { user: userView(user) });
});
