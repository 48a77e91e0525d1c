import { z } from "zod";
import { actorOf } from "@/app/_http/actor-of";
import { adminApi, json, readJson } from "@/app/_http/api";
import { requireFreshSignIn } from "@/app/_http/current-session";
import { optionalReasonSchema } from "@/app/_http/reason";
import { revokeClient } from "@/lib/oauth/manage-clients";

const input = z.strictObject({ reason: optionalReasonSchema });

export const POST = adminApi(async ({ request, params, latchkey, client }, claims) => {
  requireFreshSignIn(claims);
  const { reason } = await readJson(request, input);
  const actor = actorOf(claims, client);
  return json(200, { revoked: await revokeClient(latchkey.oauth, params.id ?? "", reason, actor) });
});
