import type { Clock } from "@/lib/crypto/clock";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import type { Audience } from "./audience";
import { chooseEncryptionKey, type EncryptionKey } from "./encryption-key";
import { PublishedKeys } from "./published-keys";

/** Nothing can be encrypted to an audience for the moment: its key cannot be had from where it is published. */
export class RecipientKeyUnavailableError extends Error {
  override readonly name = "RecipientKeyUnavailableError";
}

/** By name, not by class: the server bundles hold copies of this file. */
export const isRecipientKeyUnavailable = (error: unknown): error is RecipientKeyUnavailableError =>
  error instanceof Error && error.name === "RecipientKeyUnavailableError";

/**
 * The keys that tokens are encrypted to: the audience's own, or what it publishes. An audience that rotates its published
 * key keeps the former private key for as long as that may still be used here, and for the lifetime of a token: what was
 * encrypted before arrives later.
 */
export class RecipientKeys {
  readonly #published: PublishedKeys<EncryptionKey>;

  constructor(dependencies: { fetchJson: (url: string) => Promise<unknown>; clock: Clock }) {
    this.#published = new PublishedKeys({ ...dependencies, choose: chooseEncryptionKey });
  }

  /** Rejects with `RecipientKeyUnavailableError` while the key cannot be had. */
  async find({
    identifier,
    encryptionKey,
    jwksUri,
  }: Pick<Audience, "identifier" | "encryptionKey" | "jwksUri">): Promise<EncryptionKey> {
    if (encryptionKey !== null) return encryptionKey;
    if (jwksUri === null) throw new Error(`Nothing can be encrypted to ${identifier}: it has no key.`);
    const found = await this.#published.find(jwksUri);
    if ("keys" in found) return found.keys;
    throw new RecipientKeyUnavailableError(`Nothing can be encrypted to ${identifier}: ${found.failure}`);
  }

  /**
   * Asks for the key at once, for an administrator who has just typed the address. Throws `invalid_request` for the field
   * `jwksUri` where there is none.
   */
  async check(jwksUri: string): Promise<void> {
    const failure = await this.#published.check(jwksUri);
    if (failure !== null) throw new LatchkeyError("invalid_request", { fields: { jwksUri: failure } });
  }
}
