import type { OAuthDependencies } from "./dependencies";
import { pollDevice } from "./device-authorization";
import { spendProof } from "./dpop";
import { issueForGrant, requireSameAudience, stillAllowed, type TokenResponse } from "./grant";
import { OAuthError } from "./oauth-error";
import { startGrant } from "./start-grant";
import { jktOf, type TokenCall } from "./token-call";

/** `grant_type=…:device_code` (RFC 8628 section 3.4). Throws what `pollDevice` throws, `invalid_grant`, `invalid_target` and `invalid_scope`. */
export async function redeemDevice(deps: OAuthDependencies, call: TokenCall): Promise<TokenResponse> {
  const { client, parameters, from } = call;
  const jkt = jktOf(call);
  const deviceCode = parameters.get("device_code");
  if (deviceCode === null) throw new OAuthError("invalid_request", "device_code is missing.");
  const { hash, audience, scope, parentId } = await pollDevice(deps, client, deviceCode);
  requireSameAudience(call, audience);
  const allowed = stillAllowed(client, scope);
  await spendProof(deps, call.proof);
  if (parentId === null) throw new Error("A device was allowed by nobody.");
  const grant = await startGrant(
    deps,
    client,
    { audience, scope: allowed, parentId, jkt, from },
    async (stores) => {
      if (await stores.deviceAuthorizations.redeem(hash, deps.clock.now())) return;
      throw new OAuthError("invalid_grant", "This device code has been used.");
    },
  );
  return issueForGrant(deps, client, grant, { scope: allowed, jkt, nonce: null });
}
