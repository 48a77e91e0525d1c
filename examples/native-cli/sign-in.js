import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from "openid-client";
import { openLoopback } from "./loopback.js";
import { openInBrowser } from "./system-browser.js";

const SCOPE = "openid email offline_access";

/** Somebody has to sign in within this time. */
const PATIENCE_MS = 5 * 60_000;

/** Signs a person in through their browser (RFC 8252). Resolves with the tokens; rejects when nobody has, or refused. */
export async function signIn(config) {
  const expected = {
    pkceCodeVerifier: randomPKCECodeVerifier(),
    expectedState: randomState(),
    expectedNonce: randomNonce(),
    idTokenExpected: true,
  };
  const loopback = await openLoopback();
  try {
    const url = await authorizationUrl(config, loopback.redirectUri, expected);
    console.log(`Sign in with your browser:\n\n${url}\n`);
    openInBrowser(url);
    const answer = await loopback.receive(expected.expectedState, AbortSignal.timeout(PATIENCE_MS));
    return await redeem(config, answer, expected);
  } finally {
    loopback.close();
  }
}

async function authorizationUrl(config, redirectUri, { pkceCodeVerifier, expectedState, expectedNonce }) {
  return buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: SCOPE,
    code_challenge: await calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: expectedState,
    nonce: expectedNonce,
  });
}

/** Checks `state` and `iss` of the answer (RFC 9207), then gets the tokens. The browser hears how it went. */
async function redeem(config, { url, reply }, expected) {
  try {
    const tokens = await authorizationCodeGrant(config, url, expected);
    await reply("You are signed in. You may close this page.");
    return tokens;
  } catch (error) {
    await reply("This did not work. The program says why. You may close this page.");
    throw error;
  }
}
