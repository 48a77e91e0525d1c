import {
  AuthorizationResponseError,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  fetchUserInfo,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from "openid-client";
import { clearCookie, readCookie, setCookie } from "./cookies.js";

const SCOPE = "openid email";

/** Somebody signs in within this time. */
const ATTEMPT_SECONDS = 600;

/** An answer that is not to a sign-in which this browser has begun, or the person's refusal. */
export class AttemptError extends Error {}

/** A sign-in in another tab has another one, so neither disturbs the other. */
const cookieOf = (state) => `__Host-attempt-${state}`;

/**
 * Where the browser goes to sign in. What the answer has to fit stays in the browser, so that no other browser can finish
 * what this one has begun (login CSRF).
 */
export async function beginSignIn({ config }, origin, response) {
  const [state, nonce, verifier] = [randomState(), randomNonce(), randomPKCECodeVerifier()];
  setCookie(response, cookieOf(state), `${nonce}.${verifier}`, ATTEMPT_SECONDS);
  const url = buildAuthorizationUrl(config, {
    redirect_uri: `${origin}/callback`,
    scope: SCOPE,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  });
  return url.href;
}

/** Who has signed in, and by which session of Latchkey's. Throws `AttemptError`. */
export async function finishSignIn({ config }, origin, request, response) {
  const state = String(request.query.state);
  const [nonce, verifier] = readCookie(request, cookieOf(state))?.split(".") ?? [];
  if (verifier === undefined) throw new AttemptError("This browser has not begun that sign-in.");
  clearCookie(response, cookieOf(state));
  const tokens = await redeem(config, new URL(request.url, origin), {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: verifier,
    idTokenExpected: true,
  });
  const { sub, sid } = tokens.claims();
  const { email } = await fetchUserInfo(config, tokens.access_token, sub);
  return { sub, sid, email, idToken: tokens.id_token };
}

async function redeem(config, url, checks) {
  try {
    return await authorizationCodeGrant(config, url, checks);
  } catch (error) {
    if (error instanceof AuthorizationResponseError) throw new AttemptError("You have not been let in.");
    throw error;
  }
}

/** Where the browser goes to sign out of Latchkey too (OpenID Connect RP-Initiated Logout 1.0). */
export const signOutUrl = ({ config }, origin, { idToken }) =>
  buildEndSessionUrl(config, { id_token_hint: idToken, post_logout_redirect_uri: `${origin}/` }).href;
