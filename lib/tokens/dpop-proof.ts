import { type CryptoKey, calculateJwkThumbprint, compactVerify, importJWK, type JWK } from "jose";
import { encodeBase64url } from "@/lib/crypto/base64url";
import { toNumericDate } from "@/lib/crypto/clock";
import { isIdentifier } from "./claims";
import { hasOnly, type JsonObject } from "./compact";
import { DPOP_ALGORITHMS, readProofKey } from "./dpop-key";
import { isSameAddress } from "./dpop-target";
import { parseForeignJws } from "./foreign-jws";

/** The request that a proof must have been made for. */
export interface ProvenRequest {
  method: string;
  /** As the client calls it, with scheme and host; query and fragment do not count. */
  url: string;
  /** The access token that comes with it, where one does. */
  accessToken?: string;
}

export interface ProofRules {
  now: Date;
  clockToleranceSeconds: number;
  /** How far from now the proof may have been made, either way. */
  maxAgeSeconds: number;
}

/** Why a proof was refused. For the log; the caller learns `invalid_dpop_proof`. */
export type ProofFault =
  | "too_large"
  | "malformed"
  | "header"
  | "type"
  | "algorithm"
  | "key"
  | "signature"
  | "claims"
  | "method"
  | "url"
  | "time"
  | "access_token";

/** What a proof says that holds. Whether its `jti` was used before, and its nonce is ours, is for others to ask. */
export interface VerifiedProof {
  /** The RFC 7638 thumbprint of the key that made it: whoever made it holds that key. */
  jkt: string;
  jti: string;
  iat: number;
  /** As it stands there (RFC 9449 section 8), or null. */
  nonce: string | null;
}

export type ProofVerification = ({ ok: true } & VerifiedProof) | { ok: false; reason: ProofFault };

interface ProofClaims extends Omit<VerifiedProof, "jkt"> {
  htm: string;
  htu: string;
  exp: number;
  nbf: number;
  ath: string | null;
}

/** With an RSA key of 4096 bits and a long address there is room to spare. */
const MAX_PROOF_CHARACTERS = 4_096;
/** A `kid` means nothing here. `crit`, `jku`, `x5u`, `x5c`, `b64`, `zip` end here. */
const HEADER_MEMBERS = ["alg", "jwk", "kid", "typ"];

const refuse = (reason: ProofFault): { ok: false; reason: ProofFault } => ({ ok: false, reason });

/**
 * Verifies the one DPoP proof of a request (RFC 9449 section 4.3). The steps run in this order and the payload is not
 * looked at until the signature holds. Never throws for what a caller sent.
 */
export async function verifyDpopProof(
  proof: string,
  expected: ProvenRequest,
  rules: ProofRules,
): Promise<ProofVerification> {
  if (proof.length > MAX_PROOF_CHARACTERS) return refuse("too_large");
  const jws = parseForeignJws(proof);
  if (jws === null) return refuse("malformed");
  const { header, payload } = jws;
  const headerFault = checkHeader(header);
  if (headerFault !== null) return refuse(headerFault);
  const algorithm = String(header.alg);
  const jwk = readProofKey(header.jwk, algorithm);
  const key = jwk === null ? null : await importKey(jwk, algorithm);
  if (jwk === null || key === null) return refuse("key");
  if (!(await isSignedBy(key, algorithm, proof))) return refuse("signature");
  const claims = readProofClaims(payload);
  if (claims === null) return refuse("claims");
  const fault = checkRequest(claims, expected) ?? checkTime(claims, rules);
  if (fault !== null) return refuse(fault);
  if (!(await isMadeWith(expected.accessToken, claims))) return refuse("access_token");
  const { jti, iat, nonce } = claims;
  return { ok: true, jkt: await calculateJwkThumbprint(jwk), jti, iat, nonce };
}

function checkHeader(header: JsonObject): ProofFault | null {
  if (!hasOnly(header, HEADER_MEMBERS)) return "header";
  if (header.typ !== "dpop+jwt") return "type";
  return DPOP_ALGORITHMS.some((algorithm) => algorithm === header.alg) ? null : "algorithm";
}

/** Null for a point that is off its curve. */
const importKey = (jwk: JWK, algorithm: string): Promise<CryptoKey | null> =>
  importJWK(jwk, algorithm).then(
    (key) => key as CryptoKey,
    () => null,
  );

const isSignedBy = (key: CryptoKey, algorithm: string, proof: string): Promise<boolean> =>
  compactVerify(proof, key, { algorithms: [algorithm] }).then(
    () => true,
    () => false,
  );

const isTextOrNull = (value: unknown): boolean => value === null || typeof value === "string";

function readProofClaims(payload: JsonObject): ProofClaims | null {
  const { jti, htm, htu, iat, exp = Infinity, nbf = -Infinity, ath = null, nonce = null } = payload;
  const areThere = isIdentifier(jti) && typeof htm === "string" && typeof htu === "string";
  const areTimes = Number.isInteger(iat) && typeof exp === "number" && typeof nbf === "number";
  if (!areThere || !areTimes || !isTextOrNull(ath) || !isTextOrNull(nonce)) return null;
  return { jti, htm, htu, iat, exp, nbf, ath, nonce } as ProofClaims;
}

function checkRequest({ htm, htu }: ProofClaims, { method, url }: ProvenRequest): ProofFault | null {
  if (htm !== method) return "method";
  return isSameAddress(htu, url) ? null : "url";
}

/** A proof needs no `exp` and `nbf`, but one that has them means them (RFC 7519 sections 4.1.4 and 4.1.5). */
function checkTime({ iat, exp, nbf }: ProofClaims, rules: ProofRules): ProofFault | null {
  const nowSeconds = toNumericDate(rules.now);
  const { clockToleranceSeconds: tolerance, maxAgeSeconds } = rules;
  const isRecent = Math.abs(nowSeconds - iat) <= maxAgeSeconds + tolerance;
  return isRecent && nowSeconds < exp + tolerance && nowSeconds + tolerance >= nbf ? null : "time";
}

/** RFC 9449 section 4.2: `ath` is the SHA-256 hash of the token. Where no token comes along, none is asked for. */
async function isMadeWith(accessToken: string | undefined, { ath }: ProofClaims): Promise<boolean> {
  if (accessToken === undefined) return true;
  const hash = await crypto.subtle.digest("SHA-256", Buffer.from(accessToken));
  return ath === encodeBase64url(new Uint8Array(hash));
}
