import type { Client } from "@/lib/oauth/client";

/** As it may be kept. */
export const CLIENT: Client = {
  id: `client_${"A".repeat(22)}`,
  name: "Orders",
  authMethod: "client_secret",
  jwks: null,
  jwksUri: null,
  grantTypes: ["authorization_code"],
  redirectUris: [],
  postLogoutRedirectUris: [],
  origins: [],
  scope: "openid email",
  audiences: [],
  algorithm: "ES256",
  requiresDpop: false,
  requiresPushedRequests: false,
  backchannelLogoutUri: null,
  tokensId: "B".repeat(22),
  hasPreviousSecret: false,
  createdAt: new Date("2026-01-01T00:00:00Z"),
  updatedAt: new Date("2026-01-01T00:00:00Z"),
};
