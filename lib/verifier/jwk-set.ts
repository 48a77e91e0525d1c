import { importJWK, type JWK } from "jose";
import { ALGORITHMS, type Algorithm } from "@/lib/keys/algorithms";
import type { VerificationKey } from "@/lib/keys/verification-key";
import { isObject, type JsonObject } from "@/lib/tokens/compact";

const MAX_KEYS = 100;
const MAX_KID_LENGTH = 64;
const MIN_RSA_BITS = 2048;

/** RFC 7518 section 6, RFC 8037 section 2. */
const PUBLIC_MEMBERS = ["kty", "crv", "x", "y", "n", "e"];
const SECRET_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/**
 * The keys of a JWK Set (RFC 7517 section 5) that verify this algorithm; keys for something else are passed over.
 * Throws when the set as a whole cannot be meant: no keys, a private or secret one, two with one `kid`.
 */
export async function readJwkSet(document: unknown, algorithm: Algorithm): Promise<VerificationKey[]> {
  const jwks = requireJwks(document);
  const keys = await Promise.all(jwks.map((jwk) => importKey(jwk, algorithm)));
  return keys.filter((key) => key !== null);
}

function requireJwks(document: unknown): JsonObject[] {
  const jwks = isObject(document) && Array.isArray(document.keys) ? document.keys : [];
  if (jwks.length < 1 || jwks.length > MAX_KEYS || !jwks.every(isObject)) throw new Error("not a JWK Set");
  if (jwks.some((jwk) => SECRET_MEMBERS.some((member) => Object.hasOwn(jwk, member)))) {
    throw new Error("a JWK Set with a private key");
  }
  const kids = jwks.map(({ kid }) => kid).filter((kid) => kid !== undefined);
  if (new Set(kids).size !== kids.length) throw new Error("a JWK Set with one kid twice");
  return jwks;
}

async function importKey(jwk: JsonObject, algorithm: Algorithm): Promise<VerificationKey | null> {
  const { kid } = jwk;
  if (!isKid(kid) || !isForVerifying(jwk, algorithm)) return null;
  const members = PUBLIC_MEMBERS.flatMap((name) => (name in jwk ? [[name, jwk[name]] as const] : []));
  try {
    const key = await importJWK(Object.fromEntries(members) as JWK, algorithm);
    return isStrong(key) ? { kid, algorithm, key } : null;
  } catch {
    return null;
  }
}

const isKid = (kid: unknown): kid is string =>
  typeof kid === "string" && kid.length >= 1 && kid.length <= MAX_KID_LENGTH;

function isForVerifying(
  { kty, crv, alg = null, use = "sig", key_ops: operations = ["verify"] }: JsonObject,
  algorithm: Algorithm,
): boolean {
  const entry = ALGORITHMS[algorithm];
  const curve = "crv" in entry.generate ? entry.generate.crv : undefined;
  return (
    kty === entry.kty &&
    crv === curve &&
    (alg === null || alg === algorithm) &&
    use === "sig" &&
    Array.isArray(operations) &&
    operations.includes("verify")
  );
}

/** Elliptic curves are named by the algorithm; an RSA key may be of any size (RFC 7518 section 3.3). */
function isStrong(key: VerificationKey["key"]): boolean {
  if (key instanceof Uint8Array) return false;
  const { modulusLength = MIN_RSA_BITS } = key.algorithm as { modulusLength?: number };
  return modulusLength >= MIN_RSA_BITS;
}
