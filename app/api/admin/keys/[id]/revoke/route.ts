import { z } from "zod";
import { actorOf } from "@/app/_http/actor-of";
import { adminApi, json, readJson } from "@/app/_http/api";
import { requireFreshSignIn } from "@/app/_http/current-session";
import { reasonSchema } from "@/app/_http/reason";
import { signingKid } from "@/lib/key-overview";
import { revokeKey } from "@/lib/revocation/revoke-key";

const input = z.strictObject({ reason: reasonSchema });

export const POST = adminApi(async ({ request, params, latchkey, client }, claims) => {
  requireFreshSignIn(claims);
  const { reason } = await readJson(request, input);
  await revokeKey(latchkey.keys, params.id ?? "", reason, actorOf(claims, client));
  return json(200, { signingKid: signingKid(latchkey.keyring) });
});
