import { PublishedKeys } from "@/lib/audiences/published-keys";
import type { Clock } from "@/lib/crypto/clock";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import type { Client } from "./client";
import { type ClientKey, chooseClientKeys } from "./client-jwks";

/** The keys that assertions of clients are checked with: those that are registered, or what the client publishes. */
export class ClientKeys {
  readonly #published: PublishedKeys<ClientKey[]>;

  constructor(dependencies: { fetchJson: (url: string) => Promise<unknown>; clock: Clock }) {
    this.#published = new PublishedKeys({ ...dependencies, choose: chooseClientKeys });
  }

  /** None where the client publishes none for the moment: then nothing of it can be checked. */
  async find({ jwks, jwksUri }: Pick<Client, "jwks" | "jwksUri">): Promise<ClientKey[]> {
    if (jwks !== null) return jwks.keys;
    if (jwksUri === null) return [];
    const found = await this.#published.find(jwksUri);
    return "keys" in found ? found.keys : [];
  }

  /** As `find`, asked again where the client may have published others since. */
  async findNewer({ jwks, jwksUri }: Pick<Client, "jwks" | "jwksUri">): Promise<ClientKey[]> {
    if (jwks !== null || jwksUri === null) return [];
    const found = await this.#published.findNewer(jwksUri);
    return "keys" in found ? found.keys : [];
  }

  /**
   * Asks for the keys at once, for an administrator who has just typed the address. Throws `invalid_request` for the field
   * `jwksUri` where there are none.
   */
  async check(jwksUri: string): Promise<void> {
    const failure = await this.#published.check(jwksUri);
    if (failure !== null) throw new LatchkeyError("invalid_request", { fields: { jwksUri: failure } });
  }
}
