/** The proofs that were used, each for as long as it could be used again. A process knows of its own alone. */
export class UsedProofs {
  /** The NumericDates after which they may be forgotten, about in their order. */
  readonly #expiries = new Map<string, number>();

  constructor(private readonly most: number) {}

  /** `no_room` when another could not be remembered: it is not used then. Of two calls with one proof one says `first`. */
  use(proof: string, expiresAtSeconds: number, nowSeconds: number): "first" | "again" | "no_room" {
    this.#forget(nowSeconds);
    if (this.#expiries.has(proof)) return "again";
    if (this.#expiries.size >= this.most) return "no_room";
    this.#expiries.set(proof, expiresAtSeconds);
    return "first";
  }

  /** From the oldest on, so that what is still good is looked at once. */
  #forget(nowSeconds: number): void {
    for (const [proof, expiresAtSeconds] of this.#expiries) {
      if (expiresAtSeconds >= nowSeconds) return;
      this.#expiries.delete(proof);
    }
  }
}
