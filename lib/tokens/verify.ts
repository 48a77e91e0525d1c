import type { CryptoKey } from "jose";
import { toNumericDate } from "@/lib/crypto/clock";
import type { Algorithm } from "@/lib/keys/algorithms";
import type { VerificationKey } from "@/lib/keys/verification-key";
import { type CommonClaims, readClaims, type SessionClaims } from "./claims";
import { hasOnly, type JsonObject, parseCompactJws } from "./compact";
import { type DecryptionKey, decryptToken } from "./decrypt";
import type { VerificationProfile } from "./service-profiles";

/** Why a token was refused. For the log; the caller learns `invalid_token`. */
export type RejectionReason =
  | "too_large"
  | "malformed"
  | "header"
  | "type"
  | "algorithm"
  | "unknown_key"
  | "signature"
  | "claims"
  | "issuer"
  | "audience"
  | "lifetime"
  | "not_yet_valid"
  | "expired"
  | "denied";

declare const verified: unique symbol;

/** Claims whose signature and issuer hold. Only `verifyToken` makes one. */
export type Verified<Claims extends CommonClaims> = Readonly<Claims> & { readonly [verified]: true };

/** Of our own pages: somebody is signed in. */
export type VerifiedClaims = Verified<SessionClaims>;

/** With the key that signed it, by which a token can be denied too. */
export interface VerifiedToken<Claims extends CommonClaims> {
  claims: Verified<Claims>;
  kid: string;
}

export type Verification<Claims extends CommonClaims> =
  | ({ ok: true } & VerifiedToken<Claims>)
  | { ok: false; reason: RejectionReason };

export interface VerificationRules<Claims extends CommonClaims> {
  issuer: string;
  audience: string;
  profile: VerificationProfile<Claims>;
  clockToleranceSeconds: number;
  /** Those that a key may be of; each key is of one. */
  readonly algorithms: ReadonlySet<Algorithm>;
  findKey(kid: string): Promise<VerificationKey | null>;
  /** Where the profile encrypts: the audience's own keys. */
  decryptionKeys?: readonly DecryptionKey[];
}

/** The only header members an access token of ours has: `crit`, `jku`, `jwk`, `x5u`, `x5c`, `b64`, `zip` end here. */
const HEADER_MEMBERS = ["alg", "kid", "typ"];
const MAX_KID_LENGTH = 64;
const MIN_RSA_BITS = 2048;

export const refuse = (reason: RejectionReason): { ok: false; reason: RejectionReason } => ({
  ok: false,
  reason,
});

/**
 * Verifies an access token (RFC 9068 section 4, RFC 8725bis): decrypted first where its profile encrypts. The steps
 * run in this order and the payload is not looked at until the signature holds. What cannot be decrypted is `malformed`,
 * whatever failed. Does not ask the denylist. Never throws for what a caller sent.
 */
export async function verifyToken<Claims extends CommonClaims>(
  text: string,
  rules: VerificationRules<Claims>,
  now: Date,
): Promise<Verification<Claims>> {
  const { profile } = rules;
  if (text.length > profile.maxBytes) return refuse("too_large");
  const { encryption } = profile;
  const signed =
    encryption === null ? text : await decryptToken(text, encryption, rules.decryptionKeys ?? []);
  const jws = parseCompactJws(signed);
  if (jws === null) return refuse("malformed");
  const { header, payload, signature } = jws;
  const headerFault = checkHeader(header, rules);
  if (headerFault !== null) return refuse(headerFault);
  const found = await rules.findKey(header.kid as string);
  if (found === null) return refuse("unknown_key");
  const { kid, algorithm, key } = found;
  if (algorithm !== header.alg) return refuse("algorithm");
  if (!(await isSignedBy(key, signature, signed))) return refuse("signature");
  const claims = readClaims(payload, profile.claims);
  if (claims === null) return refuse("claims");
  const claimFault = checkClaims(claims, rules) ?? checkTimes(claims, rules.clockToleranceSeconds, now);
  if (claimFault !== null) return refuse(claimFault);
  return { ok: true, claims: claims as Verified<Claims>, kid };
}

function checkHeader(
  header: JsonObject,
  {
    algorithms,
    profile,
  }: Pick<VerificationRules<never>, "algorithms"> & { profile: Pick<VerificationProfile, "type"> },
): RejectionReason | null {
  if (!hasOnly(header, HEADER_MEMBERS)) return "header";
  if (!algorithms.has(header.alg as Algorithm)) return "algorithm";
  // RFC 7515 section 4.1.9: `application/` may be left out, and media types have no case.
  const { typ, kid } = header;
  if (typeof typ !== "string" || typ.toLowerCase().replace(/^application\//, "") !== profile.type)
    return "type";
  return typeof kid === "string" && kid.length <= MAX_KID_LENGTH ? null : "header";
}

/**
 * Whether the text has the signature of that key, which was imported for one algorithm: RSA from 2048 bits on (RFC 7518
 * section 3.3), and SHA-256 for whatever takes a hash. Never rejects for what a caller sent.
 */
const isSignedBy = async (
  key: CryptoKey & { algorithm: Partial<RsaKeyAlgorithm> },
  signature: Uint8Array<ArrayBuffer>,
  text: string,
): Promise<boolean> =>
  (key.algorithm.modulusLength ?? MIN_RSA_BITS) >= MIN_RSA_BITS &&
  crypto.subtle.verify(
    { ...key.algorithm, hash: "SHA-256" },
    key,
    signature,
    Buffer.from(text.slice(0, text.lastIndexOf("."))),
  );

function checkClaims<Claims extends CommonClaims>(
  claims: Claims,
  rules: VerificationRules<Claims>,
): RejectionReason | null {
  if (claims.iss !== rules.issuer) return "issuer";
  if (![claims.aud].flat().includes(rules.audience)) return "audience";
  const lifetimeSeconds = claims.exp - claims.iat;
  return lifetimeSeconds > 0 && lifetimeSeconds <= rules.profile.maxLifetimeSeconds ? null : "lifetime";
}

/** What changes as time passes; checked at every use of a token, cached or not (RFC 7519 sections 4.1.4 to 4.1.6). */
export function checkTimes(
  claims: Pick<CommonClaims, "exp" | "nbf" | "iat">,
  toleranceSeconds: number,
  now: Date,
): RejectionReason | null {
  const nowSeconds = toNumericDate(now);
  if (nowSeconds >= claims.exp + toleranceSeconds) return "expired";
  return nowSeconds + toleranceSeconds < Math.max(claims.nbf, claims.iat) ? "not_yet_valid" : null;
}
