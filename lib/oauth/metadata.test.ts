import { customFetch, discoveryRequest, processDiscoveryResponse } from "oauth4webapi";
import { describe, expect, it } from "vitest";
import { authorizationServerMetadata } from "./metadata";

const ISSUER = "https://id.example";
const metadata = authorizationServerMetadata(ISSUER);
const members = Object.entries(metadata) as [string, unknown][];

describe("the metadata", () => {
  it.each(["oidc", "oauth2"] as const)(
    "are read by a client of the field, by way of %s",
    async (algorithm) => {
      const issuer = new URL(ISSUER);
      const response = await discoveryRequest(issuer, {
        algorithm,
        [customFetch]: async () => Response.json(metadata),
      });
      const read = await processDiscoveryResponse(issuer, response);
      expect(read).toMatchObject({ issuer: ISSUER, token_endpoint: `${ISSUER}/oauth/token` });
    },
  );

  it("have what RFC 8414 section 2 and OpenID Connect Discovery section 3 require", () => {
    expect(Object.keys(metadata)).toEqual(
      expect.arrayContaining([
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
      ]),
    );
    expect(metadata.id_token_signing_alg_values_supported).toEqual(["ES256", "RS256", "EdDSA"]);
  });

  it("name addresses of this issuer alone, each once", () => {
    const addresses = members
      .filter(([name]) => /_endpoint$|_uri$/.test(name))
      .map(([, value]) => String(value));
    expect(addresses).toHaveLength(9);
    expect(new Set(addresses).size).toBe(9);
    for (const address of addresses) {
      expect(new URL(address).href).toBe(address);
      expect(address.startsWith(`${ISSUER}/`)).toBe(true);
    }
  });

  it("offer the code flow with S256 alone", () => {
    expect(metadata).toMatchObject({
      response_types_supported: ["code"],
      response_modes_supported: ["query"],
      code_challenge_methods_supported: ["S256"],
      authorization_response_iss_parameter_supported: true,
      request_parameter_supported: false,
      request_uri_parameter_supported: false,
    });
    expect(metadata.grant_types_supported).toEqual([
      "authorization_code",
      "refresh_token",
      "client_credentials",
      "urn:ietf:params:oauth:grant-type:device_code",
    ]);
  });

  it("let nobody introspect without saying who they are", () => {
    expect(metadata.token_endpoint_auth_methods_supported).toContain("none");
    expect(metadata.introspection_endpoint_auth_methods_supported).toEqual([
      "client_secret_basic",
      "client_secret_post",
      "private_key_jwt",
    ]);
  });

  it("offer no algorithm in which a secret is shared, and never none", () => {
    const algorithms = members.filter(([name]) => name.includes("signing_alg")).flatMap(([, value]) => value);
    expect(algorithms).toContain("ES256");
    for (const algorithm of algorithms) expect(algorithm).not.toMatch(/^HS|^none$/);
  });
});
