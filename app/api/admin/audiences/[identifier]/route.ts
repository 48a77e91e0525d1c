import { actorOf } from "@/app/_http/actor-of";
import { adminApi, json, noContent, readJson } from "@/app/_http/api";
import { requireIdentifier } from "@/app/_http/audience-identifier";
import { requireFreshSignIn } from "@/app/_http/current-session";
import { audienceView } from "@/app/_http/views";
import { audienceChangeSchema } from "@/lib/audiences/audience-input";
import { changeAudience, removeAudience } from "@/lib/audiences/manage-audiences";

export const PATCH = adminApi(async ({ request, params, latchkey, client }, claims) => {
  requireFreshSignIn(claims);
  const change = await readJson(request, audienceChangeSchema);
  const identifier = requireIdentifier(params.identifier);
  const audience = await changeAudience(latchkey.audiences, identifier, change, actorOf(claims, client));
  return json(200, { audience: audienceView(audience) });
});

export const DELETE = adminApi(async ({ params, latchkey, client }, claims) => {
  requireFreshSignIn(claims);
  await removeAudience(latchkey.audiences, requireIdentifier(params.identifier), actorOf(claims, client));
  return noContent();
});
