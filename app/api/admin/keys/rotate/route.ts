import { z } from "zod";
import { actorOf } from "@/app/_http/actor-of";
import { adminApi, json, readJson } from "@/app/_http/api";
import { requireFreshSignIn } from "@/app/_http/current-session";
import { optionalReasonSchema } from "@/app/_http/reason";
import { algorithmSchema } from "@/lib/keys/algorithm-input";
import { requestRotation } from "@/lib/keys/rotation";

const input = z.strictObject({ algorithm: algorithmSchema, reason: optionalReasonSchema });

export const POST = adminApi(async ({ request, latchkey, client }, claims) => {
  requireFreshSignIn(claims);
  const { algorithm, reason } = await readJson(request, input);
  return json(200, await requestRotation(latchkey.keys, actorOf(claims, client), reason, algorithm));
});
