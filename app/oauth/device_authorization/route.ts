import { oauthEndpoint } from "@/app/_http/oauth-endpoint";
import { answerDeviceRequest } from "@/lib/oauth/answer-device-request";

/** RFC 8628 section 3.1. */
export const POST = oauthEndpoint({ isForBrowsers: false }, ({ latchkey, ...request }) =>
  answerDeviceRequest(latchkey.oauth, request),
);
