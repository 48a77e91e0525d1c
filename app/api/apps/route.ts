import { json, sessionApi } from "@/app/_http/api";
import { appView } from "@/app/_http/views";
import { listConnectedApps } from "@/lib/oauth/connected-apps";

/** What the caller has let clients do. */
export const GET = sessionApi(async ({ latchkey }, { sub }) =>
  json(200, { apps: (await listConnectedApps(latchkey.oauth, sub)).map(appView) }),
);
