import { oauthEndpoint, preflight } from "@/app/_http/oauth-endpoint";
import { revokeToken } from "@/lib/oauth/revoke-token";

/** RFC 7009. */
export const POST = oauthEndpoint({ isForBrowsers: true }, async ({ latchkey, ...request }) => {
  await revokeToken(latchkey.oauth, request);
  return null;
});

export const OPTIONS = preflight("POST");
