import type { JWK } from "jose";
import type { Algorithm } from "./algorithms";

/** staged -> active -> retiring -> retired, or revoked. */
export type KeyState = "staged" | "active" | "retiring" | "retired" | "revoked";

/** What a key signs. A key has one use for life. */
export type KeyUse = "access_token";

export interface SigningKeyRecord {
  /** RFC 7638 thumbprint of the public key. */
  kid: string;
  use: KeyUse;
  algorithm: Algorithm;
  state: KeyState;
  publicJwk: JWK;
  /** Null once the key no longer signs. */
  sealedPrivateKey: Uint8Array<ArrayBuffer> | null;
  createdAt: Date;
  activatedAt: Date | null;
}

export interface SigningKeyStore {
  /** Every key that is neither retired nor revoked. */
  listLive(): Promise<SigningKeyRecord[]>;
  /** Takes the one active place of its use and algorithm, or returns false; two callers never both win. */
  insertActive(record: SigningKeyRecord): Promise<boolean>;
}

/** Keys whose tokens are accepted and whose public part is published. */
export const isPublished = (key: Pick<SigningKeyRecord, "state">): boolean =>
  key.state === "staged" || key.state === "active" || key.state === "retiring";

/** What a sealed private key is bound to: a row moved to another kid, use or algorithm does not open. */
export const sealingContext = (key: Pick<SigningKeyRecord, "kid" | "use" | "algorithm">): string =>
  JSON.stringify([key.kid, key.use, key.algorithm]);
