import { actorOf } from "@/app/_http/actor-of";
import { adminApi, json, noContent } from "@/app/_http/api";
import { requireFreshSignIn } from "@/app/_http/current-session";
import { addClientSecret, endPreviousSecret } from "@/lib/oauth/manage-clients";

export const POST = adminApi(async ({ params, latchkey, client }, claims) => {
  requireFreshSignIn(claims);
  const secret = await addClientSecret(latchkey.oauth, params.id ?? "", actorOf(claims, client));
  return json(201, { secret });
});

export const DELETE = adminApi(async ({ params, latchkey, client }, claims) => {
  requireFreshSignIn(claims);
  await endPreviousSecret(latchkey.oauth, params.id ?? "", actorOf(claims, client));
  return noContent();
});
