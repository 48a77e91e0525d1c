import { createRemoteJWKSet } from "jose";
import { allowInsecureRequests, ClientSecretBasic, discovery } from "openid-client";

const { LATCHKEY_ISSUER = "http://localhost:3000", CLIENT_ID = "", CLIENT_SECRET = "" } = process.env;

/** Latchkey as its discovery document describes it, and its keys. */
export async function connect() {
  const isLocal = new URL(LATCHKEY_ISSUER).protocol === "http:";
  const config = await discovery(
    new URL(LATCHKEY_ISSUER),
    CLIENT_ID,
    undefined,
    ClientSecretBasic(CLIENT_SECRET),
    { execute: isLocal ? [allowInsecureRequests] : [] },
  );
  return { config, keys: createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri)) };
}
