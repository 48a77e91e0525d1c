import { createPublicKey } from "node:crypto";
import type { JWK } from "jose";
import { z } from "zod";
import { isPrivate, UnusableKeySetError } from "@/lib/audiences/encryption-key";
import { decodeBase64url } from "@/lib/crypto/base64url";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { isObject } from "@/lib/tokens/compact";

/** With which clients sign (RFC 7518 section 3.1, RFC 8037). */
export const CLIENT_ALGORITHMS = ["ES256", "RS256", "PS256", "EdDSA"] as const;
export type ClientAlgorithm = (typeof CLIENT_ALGORITHMS)[number];

/** What RFC 9864 calls EdDSA with the one curve that is taken here. */
export const ED25519 = "Ed25519";

/** A public key of a client, which verifies one algorithm and no other (SECURITY.md J1). */
export type ClientKey = JWK & { alg: ClientAlgorithm };

const MAX_KEYS = 10;
/** Of a published set, in which keys for other uses are passed over. */
const MAX_PUBLISHED_KEYS = 20;
const COORDINATE_BYTES = 32;
const MIN_MODULUS_BITS = 2_048;
const MAX_MODULUS_BITS = 8_192;
/** FIPS 186-5 section A.1.1; with 1 anybody could sign. */
const MIN_EXPONENT = 65_537n;

const NOT_A_SET = `Give a JWK Set with 1 to ${MAX_KEYS} public keys.`;
const SAME_NAME = "Two keys have the same kid.";
const NOT_A_KEY = "This is not a public key as a JWK.";
const PRIVATE_KEY = "This is a private key. Keep it where it belongs, and give the public part alone.";
const OTHER_TYPE = "The key must be of P-256, Ed25519 or RSA.";
const BROKEN = "This is not a public key of its type.";
const RSA_SIZE = `An RSA key must have ${MIN_MODULUS_BITS} to ${MAX_MODULUS_BITS} bits and an exponent of at least ${MIN_EXPONENT}.`;

const number = z.string(BROKEN).refine((text) => decodeBase64url(text) !== null, BROKEN);
const coordinate = number.refine((text) => decodeBase64url(text)?.length === COORDINATE_BYTES, BROKEN);

const said = {
  kid: z
    .string("The kid must be text.")
    .regex(/^[\x20-\x7e]{1,128}$/, "The kid must be 1 to 128 printable ASCII characters.")
    .optional(),
  use: z.literal("sig", "The key must be for signatures: sig as its use, or none.").optional(),
  key_ops: z.tuple([z.literal("verify")], "The key_ops may be verify alone.").optional(),
};

const onlyFor = (names: string) => `The key must be for ${names}: that as its alg, or none.`;

const ecKey = z.object({
  ...said,
  kty: z.literal("EC"),
  crv: z.literal("P-256", OTHER_TYPE),
  x: coordinate,
  y: coordinate,
  alg: z.literal("ES256", onlyFor("ES256")).default("ES256"),
});

const okpKey = z.object({
  ...said,
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519", OTHER_TYPE),
  x: coordinate,
  alg: z
    .enum(["EdDSA", ED25519], onlyFor("EdDSA"))
    .transform(() => "EdDSA" as const)
    .default("EdDSA"),
});

/** One for PS256 has to say so. */
const rsaKey = z.object({
  ...said,
  kty: z.literal("RSA"),
  n: number,
  e: number,
  alg: z.enum(["RS256", "PS256"], onlyFor("RS256 or PS256")).default("RS256"),
});

const clientKey = z
  .custom<Record<string, unknown>>(isObject, { error: NOT_A_KEY, abort: true })
  .refine((jwk) => !isPrivate(jwk), { error: PRIVATE_KEY, abort: true })
  .pipe(z.discriminatedUnion("kty", [ecKey, okpKey, rsaKey], OTHER_TYPE))
  .transform(({ kid, use, key_ops, ...key }): ClientKey => (kid === undefined ? key : { ...key, kid }))
  .superRefine((key, context) => {
    const fault = faultOfNumbers(key);
    if (fault !== null) context.addIssue(fault);
  });

/** OpenSSL takes no point that is off the curve. */
function faultOfNumbers(key: ClientKey): string | null {
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key, format: "jwk" });
    if (key.kty !== "RSA") return null;
    const { modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails ?? {};
    const isStrong = modulusLength >= MIN_MODULUS_BITS && modulusLength <= MAX_MODULUS_BITS;
    return isStrong && publicExponent >= MIN_EXPONENT ? null : RSA_SIZE;
  } catch {
    return BROKEN;
  }
}

/**
 * The keys of a client as an administrator registers them, without what else they say. Throws `invalid_request` for the
 * field `jwks`, with a sentence that repeats nothing of the input: it may be a private key.
 */
export function parseClientJwks(value: unknown): { keys: ClientKey[] } {
  const given = isObject(value) && Array.isArray(value.keys) ? value.keys : [];
  if (given.length < 1 || given.length > MAX_KEYS) throw refused(NOT_A_SET);
  const keys = given.map((jwk, index) => {
    const { data, error } = clientKey.safeParse(jwk);
    if (data === undefined) throw refused(`Key ${index + 1}: ${error?.issues[0]?.message ?? NOT_A_KEY}`);
    return data;
  });
  const names = keys.flatMap(({ kid }) => kid ?? []);
  if (new Set(names).size < names.length) throw refused(SAME_NAME);
  return { keys };
}

const refused = (fault: string) => new LatchkeyError("invalid_request", { fields: { jwks: fault } });

/**
 * The keys of a JWK Set (RFC 7517 section 5) that a client publishes. Those for other uses are passed over, and all after
 * the twentieth. Throws `UnusableKeySetError` where none is left, and where any is private: it is anybody's by now.
 */
export function chooseClientKeys(jwks: unknown): ClientKey[] {
  const published = isObject(jwks) && Array.isArray(jwks.keys) ? jwks.keys.filter(isObject) : null;
  if (published === null) throw new UnusableKeySetError("This is not a JWK Set: it has no list of keys.");
  if (published.some(isPrivate)) {
    throw new UnusableKeySetError(
      "A private key is published in this set. The client has to replace that key, and publish public ones alone.",
    );
  }
  const keys = published.slice(0, MAX_PUBLISHED_KEYS).flatMap((jwk) => clientKey.safeParse(jwk).data ?? []);
  if (keys.length > 0) return keys;
  throw new UnusableKeySetError(`No key of this set is a public key for ${CLIENT_ALGORITHMS.join(", ")}.`);
}
