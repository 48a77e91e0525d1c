import { actorOf } from "@/app/_http/actor-of";
import { adminApi, json } from "@/app/_http/api";
import { requireFreshSignIn } from "@/app/_http/current-session";
import { requireUserId } from "@/app/_http/user-id";
import { createPasswordLink } from "@/lib/identity/one-time-links";

export const POST = adminApi(async ({ params, latchkey, client }, claims) => {
  requireFreshSignIn(claims);
  const link = await createPasswordLink(latchkey.identity, requireUserId(params.id), actorOf(claims, client));
  return json(201, { link });
});
