import { fetchUserInfo, refreshTokenGrant, tokenRevocation } from "openid-client";
import { deleteTokens, readTokens, writeTokens } from "./token-file.js";

/** An access token is asked for anew when it has less than this left. */
const MIN_LEFT_MS = 30_000;

/** Nobody is signed in, or no longer. */
export class SignedOutError extends Error {}

/** Keeps what a sign-in has brought. Of the sign-in before it nothing goes on. */
export async function keepSignIn(config, response) {
  const former = await findTokens(config);
  await keep(config, response, response.claims().sub);
  if (former !== null) await tokenRevocation(config, former.refreshToken);
}

/** Who is signed in, as Latchkey says now. Throws `SignedOutError`. */
export async function fetchPerson(config) {
  const tokens = await requireTokens(config);
  try {
    return await askFor(config, tokens);
  } catch (error) {
    if (error.status !== 401) throw error;
    // The token was taken back before its time.
    return askFor(config, await refresh(config, tokens));
  }
}

/** Takes the tokens back, then forgets them. Throws `SignedOutError`. */
export async function endSignIn(config) {
  const { refreshToken } = await requireTokens(config, { isFresh: false });
  await tokenRevocation(config, refreshToken);
  await deleteTokens();
}

const askFor = (config, { accessToken, subject }) => fetchUserInfo(config, accessToken, subject);

async function requireTokens(config, { isFresh = true } = {}) {
  const tokens = await findTokens(config);
  if (tokens === null) throw new SignedOutError("Nobody is signed in.");
  const isOver = tokens.expiresAt - Date.now() < MIN_LEFT_MS;
  return isFresh && isOver ? refresh(config, tokens) : tokens;
}

/** Those of another Latchkey are not shown to this one. */
async function findTokens(config) {
  const tokens = await readTokens();
  return tokens?.issuer === config.serverMetadata().issuer ? tokens : null;
}

async function refresh(config, { refreshToken, subject }) {
  try {
    return await keep(config, await refreshTokenGrant(config, refreshToken), subject);
  } catch (error) {
    if (error.error !== "invalid_grant") throw error;
    await deleteTokens();
    throw new SignedOutError("You have been signed out.");
  }
}

/**
 * Written before any of it is used: as long as Latchkey has not seen the new access token, it answers the former refresh
 * token once more, so that a program which dies in between goes on.
 */
async function keep(config, { refresh_token, access_token, expires_in }, subject) {
  const tokens = {
    issuer: config.serverMetadata().issuer,
    subject,
    refreshToken: refresh_token,
    accessToken: access_token,
    expiresAt: Date.now() + expires_in * 1000,
  };
  await writeTokens(tokens);
  return tokens;
}
