import { calculateJwkThumbprint, importJWK, type JWK } from "jose";
import { ALGORITHMS, type Algorithm, isSymmetric } from "./algorithms";

/** staged -> active -> retiring -> retired, or revoked. */
export type KeyState = "staged" | "active" | "retiring" | "retired" | "revoked";

const AUDIENCE_PREFIX = "audience:";

/** What a key signs: access tokens that everybody may verify, or those of one audience that shares the secret. */
export type KeyUse = "access_token" | `${typeof AUDIENCE_PREFIX}${string}`;

/** The use of the secrets of an audience of the profile `legacy`. */
export const secretUse = (audience: string): KeyUse => `${AUDIENCE_PREFIX}${audience}`;

/** The audience whose secret a key of this use is, or null. */
export const audienceOfUse = (use: KeyUse): string | null =>
  use.startsWith(AUDIENCE_PREFIX) ? use.slice(AUDIENCE_PREFIX.length) : null;

export const isKeyUse = (text: string): text is KeyUse =>
  text === "access_token" || text.startsWith(AUDIENCE_PREFIX);

/** What a key is for: it never changes, and a sealed private key is bound to it. */
export interface KeyIdentity {
  /** RFC 7638 thumbprint of the public key or of an audience's secret; for a secret of our own, drawn at random. */
  kid: string;
  use: KeyUse;
  algorithm: Algorithm;
}

export interface SigningKeyRecord extends KeyIdentity {
  state: KeyState;
  publicJwk: JWK;
  /** Who holds the private part: the key-encryption key that sealed it, or a signer outside. */
  custody: string;
  /** Null once the key no longer signs, and for a key that a signer outside holds. */
  sealedPrivateKey: Uint8Array<ArrayBuffer> | null;
  createdAt: Date;
  /** From when a staged key signs; null for a secret of an audience, which waits for somebody to say so. */
  activatesAt: Date | null;
  activatedAt: Date | null;
  retiringAt: Date | null;
  retiredAt: Date | null;
  revokedAt: Date | null;
  revokeReason: string | null;
}

/** The keys that are neither retired nor revoked, oldest first, and the database's clock as they were read. */
export interface LiveKeys {
  keys: SigningKeyRecord[];
  /** The algorithms of which audiences need keys of ours, each once. */
  needed: readonly Algorithm[];
  now: Date;
}

export interface SigningKeyStore {
  listLive(): Promise<LiveKeys>;
  /** In a transaction: as `listLive`, and until its end nobody else gets this far. */
  lockLive(): Promise<LiveKeys>;
  insert(record: SigningKeyRecord): Promise<void>;
  /** Writes what may change of the record with this kid. */
  update(record: SigningKeyRecord): Promise<void>;
}

/** A key as it is shown: without what is secret of it, with what it has done. */
export type ListedKey = Omit<SigningKeyRecord, "sealedPrivateKey"> & {
  /** How many tokens it has signed, but for the last seconds. */
  signedCount: number;
  lastSignedAt: Date | null;
};

export interface KeyListing {
  /** Of all states, the newest first. */
  list(limit: number): Promise<ListedKey[]>;
}

/** Keys whose tokens are accepted. */
export const isAccepted = ({ state }: Pick<SigningKeyRecord, "state">): boolean =>
  state === "staged" || state === "active" || state === "retiring";

/** Keys whose public part others may have. */
export const isPublished = (key: Pick<SigningKeyRecord, "state" | "use" | "algorithm">): boolean =>
  isAccepted(key) && audienceOfUse(key.use) === null && !isSymmetric(key.algorithm);

/** Whether a public key is one, and the one that its kid names. A secret is bound to its kid by its seal. */
export async function isItself({
  kid,
  algorithm,
  publicJwk,
}: Pick<SigningKeyRecord, "kid" | "algorithm" | "publicJwk">): Promise<boolean> {
  if (publicJwk.kty !== ALGORITHMS[algorithm].kty) return false;
  if (isSymmetric(algorithm)) return true;
  return (await thumbprint(publicJwk)) === kid && (await isPublicKey(publicJwk, algorithm));
}

const thumbprint = (jwk: JWK): Promise<string | null> => calculateJwkThumbprint(jwk).catch(() => null);

/** Another curve, or a point that is not on it, names a kid as well. */
const isPublicKey = (jwk: JWK, algorithm: Algorithm): Promise<boolean> =>
  importJWK({ ...jwk, alg: algorithm }, algorithm).then(
    () => true,
    () => false,
  );

/** What a sealed private key is bound to: a row moved to another kid, use or algorithm does not open. */
export const sealingContext = (key: KeyIdentity): string => JSON.stringify([key.kid, key.use, key.algorithm]);
