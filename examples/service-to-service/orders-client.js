import {
  allowInsecureRequests,
  clientCredentialsGrant,
  discovery,
  fetchProtectedResource,
  getDPoPHandle,
  PrivateKeyJwt,
  randomDPoPKeyPair,
} from "openid-client";
import { readOwnKey } from "./own-key.js";

const {
  LATCHKEY_ISSUER = "http://localhost:3000",
  CLIENT_ID = "",
  ORDERS_URL = "http://localhost:4005",
} = process.env;

/** A token is asked for anew when it has less than this left. */
const MIN_LEFT_MS = 30_000;

let connected = null;
let held = null;

/** What the service `orders` has, asked with a token of our own. Rejects when Latchkey or the service refuses. */
export async function fetchOrders() {
  const connection = await connect();
  try {
    return await ask(connection, await currentToken(connection));
  } catch (error) {
    if (error.status !== 401 || held === null) throw error;
    // It was taken back before its time. There may be another for us, or not.
    held = null;
    return ask(connection, await currentToken(connection));
  }
}

/** One failure is not for ever: the next call tries again. */
function connect() {
  connected ??= openConnection().catch((error) => {
    connected = null;
    throw error;
  });
  return connected;
}

/**
 * Two keys: by one Latchkey knows who we are, for as long as we are registered. To the other, which never leaves this
 * process, our tokens are bound: a copy of one is good for nothing.
 */
async function openConnection() {
  const isLocal = new URL(LATCHKEY_ISSUER).protocol === "http:";
  const config = await discovery(
    new URL(LATCHKEY_ISSUER),
    CLIENT_ID,
    undefined,
    PrivateKeyJwt(await readOwnKey()),
    { execute: isLocal ? [allowInsecureRequests] : [] },
  );
  return { config, options: { DPoP: getDPoPHandle(config, await randomDPoPKeyPair("ES256")) } };
}

async function currentToken({ config, options }) {
  if (held === null || held.expiresAt - Date.now() < MIN_LEFT_MS) {
    const answer = await clientCredentialsGrant(config, { scope: "orders:read" }, options);
    held = { accessToken: answer.access_token, expiresAt: Date.now() + answer.expires_in * 1000 };
  }
  return held.accessToken;
}

async function ask({ config, options }, accessToken) {
  const url = new URL(`${ORDERS_URL}/orders`);
  const answer = await fetchProtectedResource(config, accessToken, url, "GET", null, undefined, options);
  if (!answer.ok) throw new Error(`orders answers ${answer.status}`);
  return (await answer.json()).orders;
}
