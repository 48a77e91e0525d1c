import type { Algorithm } from "./algorithms";
import type { KeyIdentity, KeyUse, SigningKeyRecord } from "./signing-key";

/** Nothing can be signed for the moment: no key is there for it, or whoever holds it does not answer. */
export class SigningUnavailableError extends Error {
  override readonly name = "SigningUnavailableError";
}

/** By name, not by class: the server bundles hold copies of this file. */
export const isSigningUnavailable = (error: unknown): boolean =>
  error instanceof Error && error.name === "SigningUnavailableError";

/** Signs with one key. Rejects with `SigningUnavailableError` when whoever holds it does not answer. */
export interface Signer {
  kid: string;
  algorithm: Algorithm;
  /** The JWS signature of these bytes (RFC 7515 section 5.1). */
  sign(data: Uint8Array): Promise<Uint8Array>;
}

/** A key as it was made, before it has a place in the life of keys. */
export type NewKey = KeyIdentity & Pick<SigningKeyRecord, "publicJwk" | "custody" | "sealedPrivateKey">;

/**
 * What this process can do with a key:
 * - `preferred`: sign with it; it is kept where new keys are.
 * - `usable`: sign with it.
 * - `refused`: nothing, and nor can anybody else: it is not what it says it is.
 * - `foreign`: nothing, but it may be usable where there is another secret or signer.
 */
export type KeyStanding = "preferred" | "usable" | "refused" | "foreign";

export interface Assessment {
  standing: KeyStanding;
  /** What is wrong and what to do about it, for whoever runs Latchkey; null where nothing is. */
  problem: string | null;
}

/** Where private keys are kept. The seam for keys that never come here, as in a KMS. */
export interface KeyCustody {
  /** Makes a key. It is nobody's until its record is in the store. Secrets of audiences are always sealed. */
  generate(use: KeyUse, algorithm: Algorithm): Promise<NewKey>;
  assess(key: SigningKeyRecord): Promise<Assessment>;
  /** Rejects unless the key is `preferred` or `usable`. */
  open(key: SigningKeyRecord): Promise<Signer>;
  /** The bytes of a secret that both signs and verifies. Throws where they cannot be had. */
  openSecret(key: NewKey): Uint8Array<ArrayBuffer>;
  /** Forgets a key that will sign no more. What is erased with its record needs nothing done. */
  discard(key: Pick<SigningKeyRecord, "kid" | "custody">): Promise<void>;
}
