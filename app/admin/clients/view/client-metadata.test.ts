import { expect, it } from "vitest";
import { DEVICE_CODE } from "@/lib/oauth/client";
import { CLIENT } from "../testing/client";
import { clientMetadata, discoveryOf } from "./client-metadata";

const ISSUER = "https://id.example";

it("says what is registered, by the names of the standard, and nothing that is secret", () => {
  const client = {
    ...CLIENT,
    grantTypes: ["authorization_code", DEVICE_CODE] as const,
    redirectUris: ["https://orders.example/callback"],
    audiences: ["orders"],
    requiresDpop: true,
  };
  expect(clientMetadata(client, ISSUER)).toEqual({
    issuer: ISSUER,
    client_id: CLIENT.id,
    client_name: "Orders",
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: ["authorization_code", DEVICE_CODE],
    redirect_uris: ["https://orders.example/callback"],
    scope: "openid email",
    resource: ["orders"],
    id_token_signed_response_alg: "ES256",
    dpop_bound_access_tokens: true,
  });
  expect(JSON.stringify(clientMetadata(client, ISSUER))).not.toContain(CLIENT.tokensId);
});

it.each([
  ["openid email", "openid-configuration"],
  ["orders:read", "oauth-authorization-server"],
  ["", "oauth-authorization-server"],
])("sends a client of the scope %j to %s", (scope, name) => {
  expect(discoveryOf({ scope }, ISSUER)).toBe(`${ISSUER}/.well-known/${name}`);
});
