import { oauthEndpoint, preflight } from "@/app/_http/oauth-endpoint";
import { answerUserinfo } from "@/lib/oauth/userinfo";

/** OpenID Connect Core section 5.3. */
const handler = oauthEndpoint({ isForBrowsers: true }, ({ latchkey, ...request }) =>
  answerUserinfo(latchkey.oauth, request),
);

export const GET = handler;
export const POST = handler;
export const OPTIONS = preflight("GET", "POST");
