import { actorOf } from "@/app/_http/actor-of";
import { adminApi, json, noContent, readJson } from "@/app/_http/api";
import { requireFreshSignIn } from "@/app/_http/current-session";
import { clientView } from "@/app/_http/views";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { clientChangeSchema } from "@/lib/oauth/client-input";
import { changeClient, removeClient } from "@/lib/oauth/manage-clients";

export const GET = adminApi(async ({ params, latchkey }) => {
  const found = await latchkey.stores.clients.find(params.id ?? "");
  if (found === null) throw new LatchkeyError("not_found");
  return json(200, { client: clientView(found) });
});

export const PATCH = adminApi(async ({ request, params, latchkey, client }, claims) => {
  requireFreshSignIn(claims);
  const change = await readJson(request, clientChangeSchema);
  const changed = await changeClient(latchkey.oauth, params.id ?? "", change, actorOf(claims, client));
  return json(200, { client: clientView(changed) });
});

export const DELETE = adminApi(async ({ params, latchkey, client }, claims) => {
  requireFreshSignIn(claims);
  await removeClient(latchkey.oauth, params.id ?? "", actorOf(claims, client));
  return noContent();
});
