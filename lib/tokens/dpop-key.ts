import type { JWK } from "jose";
import { decodeBase64url } from "@/lib/crypto/base64url";
import { hasOnly, isObject } from "./compact";

type Bytes = readonly [least: number, most: number];

/** What makes up a public key (RFC 7518 section 6, RFC 8037 section 2), and of how many bytes its numbers are. */
interface KeyShape {
  type: Readonly<Record<string, string>>;
  numbers: Readonly<Record<string, Bytes>>;
}

const COORDINATE: Bytes = [32, 32];
/** From 2048 bits on; by an exponent such as 1 anybody could sign. */
const RSA: KeyShape = { type: { kty: "RSA" }, numbers: { n: [256, 1024], e: [3, 8] } };

const ED25519: KeyShape = { type: { kty: "OKP", crv: "Ed25519" }, numbers: { x: COORDINATE } };

const SHAPES = {
  ES256: { type: { kty: "EC", crv: "P-256" }, numbers: { x: COORDINATE, y: COORDINATE } },
  RS256: RSA,
  PS256: RSA,
  EdDSA: ED25519,
  /** Its name since RFC 9864. */
  Ed25519: ED25519,
} satisfies Record<string, KeyShape>;

/** With which proofs may be signed (`dpop_signing_alg_values_supported`). A secret could prove nothing. */
export const DPOP_ALGORITHMS = Object.keys(SHAPES) as readonly (keyof typeof SHAPES)[];

/** What else a key may say of itself (RFC 7517 section 4), as programs export it. None of it counts. */
const REMARKS = ["alg", "ext", "key_ops", "kid", "use"];

/**
 * The public key in the header of a proof, with nothing but what makes it up, or null: it must be of the algorithm's
 * type, and hold nothing private.
 */
export function readProofKey(jwk: unknown, algorithm: string): JWK | null {
  if (!isObject(jwk) || !Object.hasOwn(SHAPES, algorithm)) return null;
  const { type, numbers }: KeyShape = SHAPES[algorithm as keyof typeof SHAPES];
  const names = Object.keys({ ...type, ...numbers });
  const isOfType = Object.entries(type).every(([name, value]) => jwk[name] === value);
  const isWhole = Object.entries(numbers).every(([name, bytes]) => isNumberOf(bytes, jwk[name]));
  if (!isOfType || !isWhole || !hasOnly(jwk, [...names, ...REMARKS])) return null;
  return Object.fromEntries(names.map((name) => [name, jwk[name]]));
}

/** Of RSA in the fewest bytes (RFC 7518 section 6.3.1), of a curve in all of them. */
function isNumberOf([least, most]: Bytes, text: unknown): boolean {
  const bytes = typeof text === "string" ? decodeBase64url(text) : null;
  if (bytes === null || bytes.length < least || bytes.length > most) return false;
  return least === most || bytes[0] !== 0;
}
