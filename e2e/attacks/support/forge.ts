import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { createSealedBox } from "@/lib/crypto/sealed-box";
import { type SigningKeyRecord, sealingContext } from "@/lib/keys/signing-key";
import type { Target } from "./target";

export type Json = Record<string, unknown>;

/** A real access token taken apart, and the key that signed it: so that a test can change one thing and sign again. */
export interface Forge {
  genuine: string;
  header: Json;
  claims: Json;
  publicJwk: Json;
  /** Signs a header and claims as they are given; text is taken as the JSON itself. */
  signed(header: Json | string, claims: Json | string): string;
  /** The genuine token with these claims changed, validly signed. A claim of `undefined` is left out. */
  withClaims(changes: Json): string;
  /** The genuine token with this header changed, validly signed. */
  withHeader(changes: Json): string;
}

/**
 * No caller of the API can have the private key. The test has it from the database and the application secret,
 * because a claim that the signature already refuses would prove nothing about the claim.
 */
export async function createForge(target: Target, genuine: string): Promise<Forge> {
  const [header, claims] = genuine.split(".").slice(0, 2).map(decodePart);
  if (header === undefined || claims === undefined) throw new Error("Not a token.");
  const { publicJwk, privateKey } = await takeSigningKey(target, header.kid);
  const signed = (newHeader: Json | string, newClaims: Json | string) =>
    signES256(`${encodePart(newHeader)}.${encodePart(newClaims)}`, privateKey);
  return {
    genuine,
    header,
    claims,
    publicJwk,
    signed,
    withClaims: (changes) => signed(header, { ...claims, ...changes }),
    withHeader: (changes) => signed({ ...header, ...changes }, claims),
  };
}

export const encodePart = (part: Json | string): string =>
  Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");

export const decodePart = (part: string): Json => JSON.parse(Buffer.from(part, "base64url").toString());

export function signES256(signingInput: string, key: KeyObject): string {
  const signature = sign("sha256", Buffer.from(signingInput), { key, dsaEncoding: "ieee-p1363" });
  return `${signingInput}.${signature.toString("base64url")}`;
}

interface KeyRow extends Pick<SigningKeyRecord, "kid" | "use" | "algorithm"> {
  public_jwk: Json;
  sealed_private_key: Buffer;
}

async function takeSigningKey(
  target: Target,
  kid: unknown,
): Promise<{ publicJwk: Json; privateKey: KeyObject }> {
  const [row] = await target.sql<KeyRow>("SELECT * FROM signing_keys WHERE kid = $1", [kid]);
  if (row === undefined) throw new Error("No such signing key.");
  const pem = createSealedBox([target.appSecret]).open(row.sealed_private_key, sealingContext(row));
  return { publicJwk: row.public_jwk, privateKey: createPrivateKey(pem) };
}
