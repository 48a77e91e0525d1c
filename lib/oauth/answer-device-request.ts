import { authenticateClient } from "./authenticate-client";
import { DEVICE_CODE } from "./client";
import type { OAuthDependencies } from "./dependencies";
import { type DeviceAuthorizationResponse, startDeviceAuthorization } from "./device-authorization";
import { OAuthError } from "./oauth-error";
import { requireAudience, requireScope } from "./requested";
import { formatScope } from "./scope";
import type { ClientRequest } from "./token-call";

/** The device authorization endpoint (RFC 8628 section 3.1). Throws `OAuthError`, and `rate_limited`. */
export async function answerDeviceRequest(
  deps: OAuthDependencies,
  { headers, parameters, from }: ClientRequest,
): Promise<DeviceAuthorizationResponse> {
  const client = await authenticateClient(deps, headers, parameters);
  if (!client.grantTypes.includes(DEVICE_CODE)) {
    throw new OAuthError("unauthorized_client", "The client is not registered for devices.");
  }
  const scope = formatScope(requireScope(client, parameters));
  const audience = requireAudience(deps, client, parameters);
  return startDeviceAuthorization(deps, client, { scope, audience }, from);
}
