import { actorOf } from "@/app/_http/actor-of";
import { noContent, sessionApi } from "@/app/_http/api";
import { disconnectApp } from "@/lib/oauth/connected-apps";

/** Takes back what the caller has let this client do. */
export const DELETE = sessionApi(async ({ latchkey, client, params }, claims) => {
  await disconnectApp(latchkey.oauth, params.id ?? "", actorOf(claims, client));
  return noContent();
});
