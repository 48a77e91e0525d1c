import { oauthEndpoint } from "@/app/_http/oauth-endpoint";
import { pushRequest } from "@/lib/oauth/pushed-request";

/** RFC 9126. */
export const POST = oauthEndpoint({ isForBrowsers: false, status: 201 }, ({ latchkey, ...request }) =>
  pushRequest(latchkey.oauth, request),
);
