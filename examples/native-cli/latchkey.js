import { allowInsecureRequests, customFetch, discovery, None } from "openid-client";

const { LATCHKEY_ISSUER = "http://localhost:3000", CLIENT_ID = "" } = process.env;

/**
 * What the list of sessions calls this program. It has no version: an answer that was lost is given again to the same user
 * agent alone.
 */
const USER_AGENT = "native-cli";

/** Latchkey as its discovery document describes it. This program has no secret: everybody who has it could read one. */
export function connect() {
  const isLocal = new URL(LATCHKEY_ISSUER).protocol === "http:";
  return discovery(new URL(LATCHKEY_ISSUER), CLIENT_ID, undefined, None(), {
    execute: isLocal ? [allowInsecureRequests] : [],
    [customFetch]: (url, options) =>
      fetch(url, { ...options, headers: { ...options.headers, "user-agent": USER_AGENT } }),
  });
}
