import { encodeBase64url } from "@/lib/crypto/base64url";
import { addSeconds, earlierOf, toNumericDate } from "@/lib/crypto/clock";
import { randomId } from "@/lib/crypto/random";
import type { Signer } from "@/lib/keys/custody";
import {
  type CommonClaims,
  OWN_CLIENT_ID,
  type Role,
  type ServiceClaims,
  type SessionClaims,
} from "./claims";
import { encryptToken, type Recipient } from "./encrypt";
import type { Profile } from "./profiles";

/** What a token says of its session and person. */
export interface TokenSubject {
  userId: string;
  role: Role;
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

/** The service that a token is for. */
export interface TokenTarget {
  audience: string;
  profile: Profile;
  lifetimeSeconds: number;
  scope: string | null;
}

/** Issues an access token (RFC 9068) for our own pages: the issuer is its only audience. Writes nothing. */
export async function issueAccessToken(
  subject: TokenSubject,
  issuer: string,
  profile: Profile<SessionClaims>,
  signer: Signer,
  now: Date,
): Promise<IssuedAccessToken> {
  const claims: SessionClaims = {
    ...commonClaims(subject, issuer, issuer, profile.lifetimeSeconds, now),
    gen: subject.generation,
    role: subject.role,
  };
  return issued(await sign(claims, profile, signer), claims);
}

/**
 * Issues an access token (RFC 9068) for a service. Where its profile encrypts, only the recipient can read it; there
 * must be one then. Writes nothing.
 */
export async function issueServiceToken(
  subject: Omit<TokenSubject, "generation">,
  issuer: string,
  { audience, profile, lifetimeSeconds, scope }: TokenTarget,
  signer: Signer,
  recipient: Recipient | null,
  now: Date,
): Promise<IssuedAccessToken> {
  const claims: ServiceClaims = {
    ...commonClaims(subject, issuer, audience, lifetimeSeconds, now),
    role: subject.role,
    ...(scope === null ? {} : { scope }),
  };
  const signed = await sign(claims, profile, signer);
  if (profile.encryption === null) return issued(signed, claims);
  if (recipient === null) throw new Error(`There is no key to encrypt a token for ${audience} to.`);
  return issued(await encryptToken(signed, recipient, profile.encryption), claims);
}

function commonClaims(
  subject: Omit<TokenSubject, "generation">,
  issuer: string,
  audience: string,
  lifetimeSeconds: number,
  now: Date,
): CommonClaims {
  const iat = toNumericDate(now);
  return {
    iss: issuer,
    aud: audience,
    sub: subject.userId,
    client_id: OWN_CLIENT_ID,
    exp: toNumericDate(earlierOf(subject.sessionExpiresAt, addSeconds(now, lifetimeSeconds))),
    nbf: iat,
    iat,
    jti: randomId(),
    sid: subject.sessionId,
    auth_time: toNumericDate(subject.authenticatedAt),
    amr: ["pwd"],
  };
}

const issued = (accessToken: string, { exp }: CommonClaims): IssuedAccessToken => ({
  accessToken,
  accessTokenExpiresAt: new Date(exp * 1000),
});

/** JWS compact serialization (RFC 7515 section 7.1). The signer may be elsewhere, so it signs bytes. */
async function sign(
  claims: CommonClaims,
  { type: typ }: Pick<Profile, "type">,
  signer: Signer,
): Promise<string> {
  const header = { alg: signer.algorithm, typ, kid: signer.kid };
  const signingInput = `${encodeJson(header)}.${encodeJson(claims)}`;
  const signature = await signer.sign(Buffer.from(signingInput));
  return `${signingInput}.${encodeBase64url(signature)}`;
}

const encodeJson = (value: object): string => encodeBase64url(Buffer.from(JSON.stringify(value)));
