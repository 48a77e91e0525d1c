import { randomBytes } from "node:crypto";
import { addSeconds } from "@/lib/crypto/clock";
import { sha256 } from "@/lib/crypto/derive-key";
import { randomId } from "@/lib/crypto/random";
import type { Client } from "@/lib/oauth/client";
import type { AuthorizationCode, DeviceAuthorization } from "@/lib/oauth/stores";
import { NOW } from "@/lib/sessions/testing/session-store-contract";

export const randomHash = (): Uint8Array<ArrayBuffer> => sha256(randomBytes(32));

/** A program of a device, with everything that one can be registered for. */
export const newClient = (
  changes: Partial<Omit<Client, "hasPreviousSecret">> = {},
): Omit<Client, "hasPreviousSecret"> => ({
  id: `client_${randomId()}`,
  name: "Wages",
  authMethod: "none",
  jwks: null,
  jwksUri: null,
  grantTypes: ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
  redirectUris: ["http://127.0.0.1/callback", "com.example.wages:/callback"],
  postLogoutRedirectUris: ["https://wages.example/bye"],
  origins: ["https://wages.example"],
  scope: "openid email offline_access",
  audiences: ["https://payroll.example/v1", "orders"],
  algorithm: "ES256",
  requiresDpop: true,
  requiresPushedRequests: false,
  backchannelLogoutUri: "https://wages.example/logout",
  tokensId: randomId(),
  createdAt: NOW,
  updatedAt: NOW,
  ...changes,
});

/** Who may sign in where, as a code or a device needs it. */
export interface Parties {
  clientId: string;
  userId: string;
  parentId: string;
}

export type NewCode = Omit<AuthorizationCode, "redeemedAt" | "grantId">;

export const newCode = (parties: Parties, changes: Partial<NewCode> = {}): NewCode => ({
  ...parties,
  hash: randomHash(),
  redirectUri: "http://127.0.0.1:49152/callback",
  audience: "orders",
  scope: "openid",
  nonce: null,
  codeChallenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
  dpopJkt: null,
  createdAt: NOW,
  expiresAt: addSeconds(NOW, 60),
  ...changes,
});

export const newDeviceAuthorization = (
  { clientId }: Pick<Parties, "clientId">,
  changes: Partial<DeviceAuthorization> = {},
): DeviceAuthorization => ({
  clientId,
  hash: randomHash(),
  userCodeHash: randomHash(),
  audience: "orders",
  scope: "openid",
  ip: "192.0.2.7",
  userAgent: "television",
  intervalSeconds: 5,
  polledAt: null,
  createdAt: NOW,
  expiresAt: addSeconds(NOW, 600),
  decision: null,
  decidedAt: null,
  userId: null,
  parentId: null,
  redeemedAt: null,
  ...changes,
});
