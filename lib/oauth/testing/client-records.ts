import type { Client } from "../client";

const CREATED_AT = new Date("2026-11-01T00:00:00Z");

/** A public client that may do little, with what is given in place of it. */
export const clientRecord = (given: Partial<Client> & Pick<Client, "id">): Client => ({
  name: `The program ${given.id}`,
  authMethod: "none",
  jwks: null,
  jwksUri: null,
  grantTypes: ["authorization_code"],
  redirectUris: [],
  postLogoutRedirectUris: [],
  origins: [],
  scope: "openid",
  audiences: [],
  algorithm: "ES256",
  requiresDpop: false,
  requiresPushedRequests: false,
  backchannelLogoutUri: null,
  tokensId: `tokens of ${given.id}`,
  hasPreviousSecret: false,
  createdAt: CREATED_AT,
  updatedAt: CREATED_AT,
  ...given,
});
