import { LOGOUT_TOKEN_SECONDS } from "@/lib/config/durations";
import { toNumericDate } from "@/lib/crypto/clock";
import { randomId } from "@/lib/crypto/random";
import { signJwt } from "@/lib/tokens/issue";
import type { Client } from "./client";
import type { OAuthDependencies } from "./dependencies";
import type { LogoutDelivery } from "./stores";

const TYPE = "logout+jwt";
const EVENT = "http://schemas.openid.net/event/backchannel-logout";

/** OpenID Connect Back-Channel Logout 1.0 section 2.4. Never a `nonce`: so that it is taken for no ID token. */
interface LogoutClaims {
  iss: string;
  sub: string;
  aud: string;
  iat: number;
  exp: number;
  jti: string;
  events: { [EVENT]: Record<string, never> };
  /** The session that the client knows from its ID token. */
  sid: string;
}

/** Issues what tells a client that a session of its has ended. Rejects when nothing signs for it for the moment. */
export async function issueLogoutToken(
  { issuer, findSigner, clock }: Pick<OAuthDependencies, "issuer" | "findSigner" | "clock">,
  { id, algorithm }: Pick<Client, "id" | "algorithm">,
  { userId, sessionId }: Pick<LogoutDelivery, "userId" | "sessionId">,
): Promise<string> {
  const iat = toNumericDate(clock.now());
  const claims: LogoutClaims = {
    iss: issuer,
    sub: userId,
    aud: id,
    iat,
    exp: iat + LOGOUT_TOKEN_SECONDS,
    jti: randomId(),
    events: { [EVENT]: {} },
    sid: sessionId,
  };
  return signJwt(claims, TYPE, await findSigner(algorithm));
}
