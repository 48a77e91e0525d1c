import { errors, jwtVerify } from "jose";

const EVENT = "http://schemas.openid.net/event/backchannel-logout";

/**
 * What a logout token says of who was signed out (OpenID Connect Back-Channel Logout 1.0 section 2.6). Its type keeps an ID
 * token from passing for one. A repeated one is taken again: the session that it ended stays ended. Rejects with an error
 * of jose for what is no logout token for this client.
 */
export async function verifyLogoutToken({ config, keys }, token) {
  const { issuer } = config.serverMetadata();
  const { payload } = await jwtVerify(String(token), keys, {
    issuer,
    audience: config.clientMetadata().client_id,
    algorithms: ["ES256"],
    typ: "logout+jwt",
    requiredClaims: ["iat", "exp", "jti"],
    clockTolerance: 10,
  });
  const { events, nonce, sid, sub } = payload;
  if (typeof events?.[EVENT] === "object" && nonce === undefined && (sid ?? sub) !== undefined) {
    return { sid, sub };
  }
  throw new errors.JWTInvalid("This is no logout token.");
}
