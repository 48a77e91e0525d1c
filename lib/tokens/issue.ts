import { encodeBase64url } from "@/lib/crypto/base64url";
import { addSeconds, earlierOf, toNumericDate } from "@/lib/crypto/clock";
import { randomId } from "@/lib/crypto/random";
import type { Signer } from "@/lib/keys/custody";
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
  const header = { alg: signer.algorithm, typ: profile.type, kid: signer.kid };
  const accessToken = await signCompact(header, claims, signer);
  return { accessToken, accessTokenExpiresAt: new Date(exp * 1000) };
}

/** JWS compact serialization (RFC 7515 section 7.1). The signer may be elsewhere, so it signs bytes. */
async function signCompact(header: object, claims: object, signer: Signer): Promise<string> {
  const signingInput = `${encodeJson(header)}.${encodeJson(claims)}`;
  const signature = await signer.sign(Buffer.from(signingInput));
  return `${signingInput}.${encodeBase64url(signature)}`;
}

const encodeJson = (value: object): string => encodeBase64url(Buffer.from(JSON.stringify(value)));
