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

/** What a token for a service says of whom it is about, and of the client that has it. */
export interface ServiceSubject {
  /** The person; of what a client gets for itself, the client (RFC 9068 section 2.2). */
  subject: string;
  clientId: string;
  /** The session that it ends with; of what a client gets for itself, what is taken back together. */
  sessionId: string;
  /** Null: it is about no person. */
  authenticatedAt: Date | null;
  /** No token outlives its session. */
  sessionExpiresAt: Date | null;
  role: Role | null;
  /** The thumbprint of the key that it is bound to (RFC 9449 section 6.1), or null. */
  jkt: string | null;
}

/** The service that a token is for. */
export interface TokenTarget {
  /** Where it is for more than one, each may be shown it. */
  audience: string | string[];
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
  const { userId, role, sessionId, generation, authenticatedAt, sessionExpiresAt } = subject;
  const of = { subject: userId, clientId: OWN_CLIENT_ID, sessionId, sessionExpiresAt };
  const claims: SessionClaims = {
    ...commonClaims(of, issuer, issuer, profile.lifetimeSeconds, now),
    ...personClaims(authenticatedAt),
    gen: generation,
    role,
  };
  return issued(await signJwt(claims, profile.type, signer), claims);
}

/**
 * Issues an access token (RFC 9068) for a service. Where its profile encrypts, only the recipient can read it; there
 * must be one then. Writes nothing.
 */
export async function issueServiceToken(
  subject: ServiceSubject,
  issuer: string,
  { audience, profile, lifetimeSeconds, scope }: TokenTarget,
  signer: Signer,
  recipient: Recipient | null,
  now: Date,
): Promise<IssuedAccessToken> {
  const { authenticatedAt, role, jkt } = subject;
  const claims: ServiceClaims = {
    ...commonClaims(subject, issuer, audience, lifetimeSeconds, now),
    ...(authenticatedAt === null ? {} : personClaims(authenticatedAt)),
    ...(role === null ? {} : { role }),
    ...(scope === null ? {} : { scope }),
    ...(jkt === null ? {} : { cnf: { jkt } }),
  };
  const signed = await signJwt(claims, profile.type, signer);
  if (profile.encryption === null) return issued(signed, claims);
  if (recipient === null) throw new Error(`There is no key to encrypt a token for ${audience} to.`);
  return issued(await encryptToken(signed, recipient, profile.encryption), claims);
}

function commonClaims(
  {
    subject,
    clientId,
    sessionId,
    sessionExpiresAt,
  }: Pick<ServiceSubject, "subject" | "clientId" | "sessionId" | "sessionExpiresAt">,
  issuer: string,
  audience: string | string[],
  lifetimeSeconds: number,
  now: Date,
): CommonClaims {
  const iat = toNumericDate(now);
  const latest = addSeconds(now, lifetimeSeconds);
  return {
    iss: issuer,
    aud: audience,
    sub: subject,
    client_id: clientId,
    exp: toNumericDate(sessionExpiresAt === null ? latest : earlierOf(sessionExpiresAt, latest)),
    nbf: iat,
    iat,
    jti: randomId(),
    sid: sessionId,
  };
}

/** How people prove who they are here: by a password (RFC 8176). */
export const personClaims = (authenticatedAt: Date) => ({
  auth_time: toNumericDate(authenticatedAt),
  amr: ["pwd"],
});

const issued = (accessToken: string, { exp }: CommonClaims): IssuedAccessToken => ({
  accessToken,
  accessTokenExpiresAt: new Date(exp * 1000),
});

/** JWS compact serialization (RFC 7515 section 7.1). The signer may be elsewhere, so it signs bytes. */
export async function signJwt(claims: object, typ: string, signer: Signer): Promise<string> {
  const header = { alg: signer.algorithm, typ, kid: signer.kid };
  const signingInput = `${encodeJson(header)}.${encodeJson(claims)}`;
  const signature = await signer.sign(Buffer.from(signingInput));
  return `${signingInput}.${encodeBase64url(signature)}`;
}

const encodeJson = (value: object): string => encodeBase64url(Buffer.from(JSON.stringify(value)));
