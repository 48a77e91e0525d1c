import { oauthEndpoint, preflight } from "@/app/_http/oauth-endpoint";
import { answerTokenRequest } from "@/lib/oauth/token-endpoint";

/** RFC 6749 section 3.2. */
export const POST = oauthEndpoint({ isForBrowsers: true }, ({ latchkey, ...request }) =>
  answerTokenRequest(latchkey.oauth, request),
);

export const OPTIONS = preflight("POST");
