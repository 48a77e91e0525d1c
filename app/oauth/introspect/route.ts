import { oauthEndpoint } from "@/app/_http/oauth-endpoint";
import { introspect } from "@/lib/oauth/introspect";

/** RFC 7662. */
export const POST = oauthEndpoint({ isForBrowsers: false }, ({ latchkey, ...request }) =>
  introspect(latchkey.oauth, request),
);
