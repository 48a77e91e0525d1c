import { SignJWT } from "jose";
import { addSeconds, earlierOf, toNumericDate } from "@/lib/crypto/clock";
import { randomId } from "@/lib/crypto/random";
import type { Signer } from "@/lib/keys/keyring";
import { type AccessTokenClaims, OWN_CLIENT_ID } from "./claims";
import type { Profile } from "./profiles";

/** What a token says of its session and person. */
export interface TokenSubject {
  userId: string;
  role: AccessTokenClaims["role"];
  sessionId: string;
  generation: number;
  authenticatedAt: Date;
  /** No token outlives its session. */
  sessionExpiresAt: Date;
}

export interface IssuedAccessToken {
  accessToken: string;
  accessTokenExpiresAt: Date;
}

/** Issues an access token (RFC 9068) for our own pages: the issuer is its only audience. Writes nothing. */
export async function issueAccessToken(
  subject: TokenSubject,
  issuer: string,
  profile: Profile,
  signer: Signer,
  now: Date,
): Promise<IssuedAccessToken> {
  const iat = toNumericDate(now);
  const exp = toNumericDate(earlierOf(subject.sessionExpiresAt, addSeconds(now, profile.lifetimeSeconds)));
  const claims: AccessTokenClaims = {
    iss: issuer,
    aud: issuer,
    sub: subject.userId,
    client_id: OWN_CLIENT_ID,
    exp,
    nbf: iat,
    iat,
    jti: randomId(),
    sid: subject.sessionId,
    gen: subject.generation,
    role: subject.role,
    auth_time: toNumericDate(subject.authenticatedAt),
    amr: ["pwd"],
  };
  const accessToken = await new SignJWT(claims)
    .setProtectedHeader({ alg: signer.algorithm, typ: profile.type, kid: signer.kid })
    .sign(signer.key);
  return { accessToken, accessTokenExpiresAt: new Date(exp * 1000) };
}
