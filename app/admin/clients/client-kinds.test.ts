import { expect, it } from "vitest";
import { DEVICE_CODE } from "@/lib/oauth/client";
import { newClientSchema } from "@/lib/oauth/client-input";
import { type ClientSettings, toNewClient } from "./client-kinds";

const KEYS = { keys: [{ kty: "EC" }] };

/** Everything filled in, also what a kind does not ask for. */
const FULL: ClientSettings = {
  name: "Orders",
  jwks: null,
  jwksUri: null,
  redirectUris: ["https://orders.example/callback"],
  postLogoutRedirectUris: ["https://orders.example/"],
  origins: ["https://orders.example"],
  scope: "openid orders:read",
  audiences: ["orders"],
  grantTypes: [DEVICE_CODE, "client_credentials"],
  algorithm: "EdDSA",
  requiresDpop: true,
  requiresPushedRequests: true,
  backchannelLogoutUri: "https://orders.example/logout",
};

it("makes a web application that keeps a secret, and is for all that is ticked", () => {
  expect(toNewClient("web", FULL)).toEqual({
    ...FULL,
    authMethod: "client_secret",
    grantTypes: ["authorization_code", DEVICE_CODE, "client_credentials"],
    origins: [],
  });
});

it("makes an app that is public, whatever keys were typed while another kind was chosen", () => {
  expect(toNewClient("app", { ...FULL, jwks: KEYS, jwksUri: "https://x.example" })).toEqual({
    ...FULL,
    authMethod: "none",
    grantTypes: ["authorization_code", DEVICE_CODE],
  });
});

it("makes a service that has nothing of people in it", () => {
  expect(toNewClient("service", FULL)).toEqual({
    ...FULL,
    authMethod: "client_secret",
    grantTypes: ["client_credentials"],
    redirectUris: [],
    postLogoutRedirectUris: [],
    origins: [],
    backchannelLogoutUri: null,
    requiresPushedRequests: false,
  });
});

it.each([
  ["web", { jwks: KEYS }],
  ["service", { jwksUri: "https://orders.example/jwks.json" }],
] as const)("lets a %s authenticate by its keys where it has some", (kind, keys) => {
  expect(toNewClient(kind, { ...FULL, ...keys })).toMatchObject({ authMethod: "private_key_jwt", ...keys });
});

it("signs people in by a code alone where there is nowhere to send them back to", () => {
  const { grantTypes } = toNewClient("app", { ...FULL, redirectUris: [] });
  expect(grantTypes).toEqual([DEVICE_CODE]);
  expect(toNewClient("app", { ...FULL, redirectUris: [], grantTypes: [] }).grantTypes).toEqual([
    "authorization_code",
  ]);
});

it.each([
  ["web", "openid email offline_access"],
  ["app", "openid email offline_access"],
  ["service", ""],
] as const)("gives a %s the scope %j where nothing is said of it", (kind, scope) => {
  expect(toNewClient(kind, { ...FULL, scope: "" }).scope).toBe(scope);
});

it.each(["web", "app", "service"] as const)("says of a %s what the API would be sent", (kind) => {
  expect(newClientSchema.safeParse(toNewClient(kind, FULL)).error).toBeUndefined();
});
