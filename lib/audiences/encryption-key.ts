import { createHash, createPublicKey } from "node:crypto";
import { z } from "zod";
import { decodeBase64url } from "@/lib/crypto/base64url";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { isObject } from "@/lib/tokens/compact";

/** The public key that tokens for a service are encrypted to: ECDH-ES+A256KW on P-256 (RFC 7518 section 4.6). */
export interface EncryptionKey {
  /** As its owner calls it, or its RFC 7638 thumbprint. */
  kid: string;
  jwk: { kty: "EC"; crv: "P-256"; x: string; y: string };
}

/** A key set that no key can be taken from. The message is a sentence for an administrator. */
export class UnusableKeySetError extends Error {
  override readonly name = "UnusableKeySetError";
}

/** By name, not by class: the server bundles hold copies of this file. */
export const isUnusableKeySet = (error: unknown): error is UnusableKeySetError =>
  error instanceof Error && error.name === "UnusableKeySetError";

const ALGORITHM = "ECDH-ES+A256KW";
const COORDINATE_BYTES = 32;
const MAX_KEYS = 20;

/** What only the owner of a key has: of an EC, OKP or RSA key, of a secret, and of an AKP key (RFC 7518 section 6). */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

const NOT_A_KEY = "Give a public key as a JWK.";
const PRIVATE_KEY = "This is a private key. Keep it where it belongs, and give the public part alone.";
const NOT_ON_CURVE = "This is not a public key of the curve P-256.";
const OTHER_OPERATIONS = "The key_ops may be deriveKey and deriveBits alone.";

export const isPrivate = (jwk: Record<string, unknown>): boolean =>
  PRIVATE_MEMBERS.some((member) => Object.hasOwn(jwk, member));

const coordinate = z
  .string(NOT_ON_CURVE)
  .refine((text) => decodeBase64url(text)?.length === COORDINATE_BYTES, NOT_ON_CURVE);

const publicJwk = z
  .object({
    kty: z.literal("EC", "The key must be of the type EC."),
    crv: z.literal("P-256", "The key must be of the curve P-256."),
    x: coordinate,
    y: coordinate,
    kid: z
      .string("The kid must be text.")
      .regex(/^[\x20-\x7e]{1,128}$/, "The kid must be 1 to 128 printable ASCII characters.")
      .optional(),
    use: z.literal("enc", "The key must be for encryption: enc as its use, or none.").optional(),
    alg: z.literal(ALGORITHM, `The key must be for ${ALGORITHM}: that as its alg, or none.`).optional(),
    key_ops: z.array(z.enum(["deriveKey", "deriveBits"], OTHER_OPERATIONS), OTHER_OPERATIONS).optional(),
  })
  .refine(isOnCurve, NOT_ON_CURVE);

const encryptionKey = z
  .custom<Record<string, unknown>>(isObject, { error: NOT_A_KEY, abort: true })
  .refine((jwk) => !isPrivate(jwk), { error: PRIVATE_KEY, abort: true })
  .pipe(publicJwk)
  .transform(({ kty, crv, x, y, kid }): EncryptionKey => {
    const jwk = { kty, crv, x, y };
    return { kid: kid ?? thumbprint(jwk), jwk };
  });

/**
 * The key of a JWK as an administrator uploads it, without what else it says. Throws `invalid_request` for the field
 * `encryptionJwk`, with a sentence that repeats nothing of the input: it may be a private key.
 */
export function parseEncryptionKey(input: unknown): EncryptionKey {
  const parsed = encryptionKey.safeParse(input);
  if (parsed.success) return parsed.data;
  const fault = parsed.error.issues[0]?.message ?? NOT_A_KEY;
  throw new LatchkeyError("invalid_request", { fields: { encryptionJwk: fault } });
}

/**
 * The key of a JWK Set (RFC 7517 section 5) that tokens are encrypted to: the first that says that it is for this, else
 * the first that says nothing against it. Keys of another kind are passed over, and all after the twentieth. Throws
 * `UnusableKeySetError` where there is none, and where any key is private: it is anybody's by now.
 */
export function chooseEncryptionKey(jwks: unknown): EncryptionKey {
  const keys = isObject(jwks) && Array.isArray(jwks.keys) ? jwks.keys.filter(isObject) : null;
  if (keys === null) throw new UnusableKeySetError("This is not a JWK Set: it has no list of keys.");
  if (keys.some(isPrivate)) {
    throw new UnusableKeySetError(
      "A private key is published in this set. The service has to replace that key, and publish public ones alone.",
    );
  }
  const candidates = keys.slice(0, MAX_KEYS);
  const key = findKey(candidates.filter(saysItEncrypts)) ?? findKey(candidates);
  if (key !== null) return key;
  throw new UnusableKeySetError(`No key of this set is a public key for ${ALGORITHM} on the curve P-256.`);
}

function findKey(jwks: readonly unknown[]): EncryptionKey | null {
  const fitting = jwks.map((jwk) => encryptionKey.safeParse(jwk)).find(({ success }) => success);
  return fitting?.data ?? null;
}

const saysItEncrypts = ({ use, alg }: Record<string, unknown>): boolean => use === "enc" || alg === ALGORITHM;

/** OpenSSL takes no point that is off the curve, and no coordinate that is not below the prime. */
function isOnCurve({ kty, crv, x, y }: EncryptionKey["jwk"]): boolean {
  try {
    createPublicKey({ key: { kty, crv, x, y }, format: "jwk" });
    return true;
  } catch {
    return false;
  }
}

/** Tells a key from every other, whatever it is called. RFC 7638 section 3: the required members in the order of their names. */
export const thumbprint = ({ kty, crv, x, y }: EncryptionKey["jwk"]): string =>
  createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
