/** Of the room: a busy service may be the only caller, and nobody by itself leaves none to others. */
const MOST_OF_ONE = 0.5;

interface UsedProof {
  owner: string;
  /** The NumericDate after which it may be forgotten. */
  expiresAtSeconds: number;
}

/** The proofs that were used, each for as long as it could be used again. A process knows of its own alone. */
export class UsedProofs {
  /** About in the order in which they may be forgotten. */
  readonly #proofs = new Map<string, UsedProof>();
  /** How many are whose. */
  readonly #counts = new Map<string, number>();

  constructor(private readonly most: number) {}

  /**
   * `no_room` when another could not be remembered, at all or for whose it is: it is not used then. Of two calls with one
   * proof one says `first`.
   */
  use(
    owner: string,
    proof: string,
    expiresAtSeconds: number,
    nowSeconds: number,
  ): "first" | "again" | "no_room" {
    this.#forget(nowSeconds);
    if (this.#proofs.has(proof)) return "again";
    const count = this.#counts.get(owner) ?? 0;
    if (this.#proofs.size >= this.most || count >= this.most * MOST_OF_ONE) return "no_room";
    this.#proofs.set(proof, { owner, expiresAtSeconds });
    this.#counts.set(owner, count + 1);
    return "first";
  }

  /** From the oldest on, so that what is still good is looked at once. */
  #forget(nowSeconds: number): void {
    for (const [proof, { owner, expiresAtSeconds }] of this.#proofs) {
      if (expiresAtSeconds >= nowSeconds) return;
      this.#proofs.delete(proof);
      const left = (this.#counts.get(owner) ?? 0) - 1;
      if (left > 0) this.#counts.set(owner, left);
      else this.#counts.delete(owner);
    }
  }
}
