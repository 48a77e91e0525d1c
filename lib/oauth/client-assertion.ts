import { compactVerify, importJWK } from "jose";
import { addSeconds } from "@/lib/crypto/clock";
import { isIdentifier } from "@/lib/tokens/claims";
import { hasOnly, type JsonObject } from "@/lib/tokens/compact";
import { parseForeignJws } from "@/lib/tokens/foreign-jws";
import { type RejectionReason, refuse } from "@/lib/tokens/verify";
import { CLIENT_ALGORITHMS, type ClientKey, ED25519 } from "./client-jwks";

/** RFC 7523 section 2.2. */
export const CLIENT_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** What an assertion may say that it is signed by. */
export const ASSERTION_ALGORITHMS: readonly string[] = [...CLIENT_ALGORITHMS, ED25519];

/** How far ahead the `exp` of an assertion may be. */
const MAX_AHEAD_SECONDS = 3_600;

/** `crit`, `jku`, `jwk`, `x5u`, `x5c`, `b64` end here. */
const HEADER_MEMBERS = ["alg", "kid", "typ"];
/** The second is that of draft-ietf-oauth-rfc7523bis. No other JWT of a client can be taken for an assertion. */
const TYPES = ["jwt", "client-authentication+jwt"];

export interface AssertionRules {
  clientId: string;
  /** How this server may be called: its issuer, its token endpoint. */
  audiences: readonly string[];
  /** The client's keys, by `parseClientJwks` or `chooseClientKeys`. */
  keys: readonly ClientKey[];
  now: Date;
  clockToleranceSeconds: number;
}

export type AssertionVerification =
  | {
      ok: true;
      jti: string;
      /** From when on it would be refused again, the tolerance included: for so long its `jti` has to be remembered. */
      expiresAt: Date;
    }
  | { ok: false; reason: RejectionReason };

interface AssertionClaims {
  iss: string;
  sub: string;
  aud: string[];
  jti: string;
  exp: number;
  nbf: number;
}

/**
 * Verifies the assertion by which a client authenticates (`private_key_jwt`: RFC 7523 section 3, OpenID Connect Core
 * section 9). The steps run in this order and the payload is not looked at until the signature holds. Does not ask
 * whether it was used before. Never throws for what a client sent.
 */
export async function verifyClientAssertion(
  assertion: string,
  rules: AssertionRules,
): Promise<AssertionVerification> {
  const jws = parseForeignJws(assertion);
  if (jws === null) return refuse("malformed");
  const { header, payload } = jws;
  const headerFault = checkHeader(header);
  if (headerFault !== null) return refuse(headerFault);
  const named = rules.keys.filter(
    ({ kid }) => header.kid === undefined || (kid ?? header.kid) === header.kid,
  );
  if (named.length === 0) return refuse("unknown_key");
  const algorithm = header.alg === ED25519 ? "EdDSA" : header.alg;
  const fitting = named.filter(({ alg }) => alg === algorithm);
  if (fitting.length === 0) return refuse("algorithm");
  if (!(await isSignedByOneOf(assertion, fitting))) return refuse("signature");
  const claims = readAssertionClaims(payload);
  if (claims === null) return refuse("claims");
  const fault = checkParties(claims, rules) ?? checkTimes(claims, rules);
  if (fault !== null) return refuse(fault);
  const expiresAt = addSeconds(new Date(claims.exp * 1000), rules.clockToleranceSeconds);
  return { ok: true, jti: claims.jti, expiresAt };
}

/** Which client an assertion is of, if it is what it says; null where it says nothing of the kind. */
export function peekClientId(assertion: string): string | null {
  const { iss, sub } = parseForeignJws(assertion)?.payload ?? {};
  return isIdentifier(sub) && iss === sub ? String(sub) : null;
}

function checkHeader(header: JsonObject): RejectionReason | null {
  if (!hasOnly(header, HEADER_MEMBERS)) return "header";
  if (!ASSERTION_ALGORITHMS.includes(String(header.alg))) return "algorithm";
  const { typ = "jwt", kid = "" } = header;
  // RFC 7515 section 4.1.9: `application/` may be left out, and media types have no case.
  if (typeof typ !== "string" || !TYPES.includes(typ.toLowerCase().replace(/^application\//, "")))
    return "type";
  return typeof kid === "string" ? null : "header";
}

async function isSignedByOneOf(assertion: string, keys: readonly ClientKey[]): Promise<boolean> {
  for (const jwk of keys) {
    const key = await importJWK(jwk, jwk.alg);
    const algorithms = jwk.alg === "EdDSA" ? [jwk.alg, ED25519] : [jwk.alg];
    const isSigned = await compactVerify(assertion, key, { algorithms }).then(
      () => true,
      () => false,
    );
    if (isSigned) return true;
  }
  return false;
}

function readAssertionClaims(payload: JsonObject): AssertionClaims | null {
  const { iss, sub, jti, exp, nbf = 0, iat = 0 } = payload;
  const aud = [payload.aud].flat();
  if (aud.length === 0 || ![iss, sub, jti, ...aud].every(isIdentifier)) return null;
  if (typeof exp !== "number" || typeof nbf !== "number" || typeof iat !== "number") return null;
  return { iss, sub, aud, jti, exp, nbf: Math.max(nbf, iat) } as AssertionClaims;
}

function checkParties({ iss, sub, aud }: AssertionClaims, rules: AssertionRules): RejectionReason | null {
  if (iss !== rules.clientId || sub !== rules.clientId) return "issuer";
  // One that is for another server too could be used by that server here.
  return aud.every((name) => rules.audiences.includes(name)) ? null : "audience";
}

function checkTimes(
  { exp, nbf }: AssertionClaims,
  { now, clockToleranceSeconds }: AssertionRules,
): RejectionReason | null {
  const nowSeconds = now.getTime() / 1000;
  if (nowSeconds >= exp + clockToleranceSeconds) return "expired";
  if (nowSeconds + clockToleranceSeconds < nbf) return "not_yet_valid";
  return exp <= nowSeconds + MAX_AHEAD_SECONDS + clockToleranceSeconds ? null : "lifetime";
}
