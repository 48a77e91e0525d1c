import { actorOf } from "@/app/_http/actor-of";
import { adminApi, json } from "@/app/_http/api";
import { requireIdentifier } from "@/app/_http/audience-identifier";
import { requireFreshSignIn } from "@/app/_http/current-session";
import { activateAudienceSecret } from "@/lib/audiences/manage-audiences";

export const POST = adminApi(async ({ params, latchkey, client }, claims) => {
  requireFreshSignIn(claims);
  const identifier = requireIdentifier(params.identifier);
  return json(200, await activateAudienceSecret(latchkey.audiences, identifier, actorOf(claims, client)));
});
