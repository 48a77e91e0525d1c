/** Of the room: a busy service may be the only caller, and nobody by itself leaves none to others. */
const MOST_OF_ONE = 0.5;

interface UsedProof {
  owner: string;
  proof: string;
}

/** The proofs that were used, each for as long as it could be used again. A process knows of its own alone. */
export class UsedProofs {
  readonly #proofs = new Set<string>();
  /** How many are whose. */
  readonly #counts = new Map<string, number>();
  /** By the NumericDate after which they may be forgotten: whose clock is ahead of others keeps none but its own. */
  readonly #expiring = new Map<number, UsedProof[]>();

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
    this.#proofs.add(proof);
    this.#counts.set(owner, count + 1);
    const together = this.#expiring.get(expiresAtSeconds) ?? [];
    this.#expiring.set(expiresAtSeconds, together);
    together.push({ owner, proof });
    return "first";
  }

  /** Looks at seconds, of which there are a few hundred, and not at what is still good. */
  #forget(nowSeconds: number): void {
    for (const [expiresAtSeconds, together] of this.#expiring) {
      if (expiresAtSeconds >= nowSeconds) continue;
      this.#expiring.delete(expiresAtSeconds);
      for (const used of together) this.#forgetOne(used);
    }
  }

  #forgetOne({ owner, proof }: UsedProof): void {
    this.#proofs.delete(proof);
    const left = (this.#counts.get(owner) ?? 0) - 1;
    if (left > 0) this.#counts.set(owner, left);
    else this.#counts.delete(owner);
  }
}
