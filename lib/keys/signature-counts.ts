import { type Clock, laterOf } from "@/lib/crypto/clock";

interface Count {
  signatures: number;
  lastAt: Date;
}

/** Where the counts of all processes come together. */
export interface SignatureCountStore {
  addSignatures(kid: string, signatures: number, lastAt: Date): Promise<void>;
}

/** How often each key has signed here since that was last written down. A killed process loses the last seconds. */
export class SignatureCounts {
  readonly #counts = new Map<string, Count>();

  constructor(
    private readonly store: SignatureCountStore,
    private readonly clock: Clock,
  ) {}

  add(kid: string): void {
    this.#add(kid, { signatures: 1, lastAt: this.clock.now() });
  }

  /** Writes them down. What cannot be written is kept for the next time. */
  async flush(): Promise<void> {
    for (const [kid, count] of [...this.#counts]) {
      this.#counts.delete(kid);
      try {
        await this.store.addSignatures(kid, count.signatures, count.lastAt);
      } catch (error) {
        this.#add(kid, count);
        throw error;
      }
    }
  }

  #add(kid: string, { signatures, lastAt }: Count): void {
    const known = this.#counts.get(kid);
    this.#counts.set(kid, {
      signatures: signatures + (known?.signatures ?? 0),
      lastAt: known === undefined ? lastAt : laterOf(lastAt, known.lastAt),
    });
  }
}
