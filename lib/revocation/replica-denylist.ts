import { DENYLIST_STALE_MS } from "@/lib/config/durations";
import type { Clock } from "@/lib/crypto/clock";
import type { Deniable, Denial, DenialStore } from "./denial";
import type { Denylist } from "./denylist";

const entryName = (kind: Denial["kind"], value: string): string => `${kind} ${value}`;

/**
 * `replica`: answered from a local copy. Immediate in the process that revoked; elsewhere as late as the last
 * successful `sync`. A copy older than its bound is not believed, and the database is asked instead.
 */
export class ReplicaDenylist implements Denylist {
  readonly #expiryMs = new Map<string, number>();
  #cursor: Date | null = null;
  #syncedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly store: DenialStore,
    private readonly clock: Clock,
  ) {}

  async isDenied(token: Deniable): Promise<boolean> {
    const now = this.clock.now();
    if (this.#covers("jti", token.jti, now) || this.#covers("sid", token.sid, now)) return true;
    const isCurrent = Math.abs(now.getTime() - this.#syncedAtMs) <= DENYLIST_STALE_MS;
    return isCurrent ? false : this.store.covers(token, now);
  }

  learn(denials: readonly Denial[]): void {
    for (const { kind, value, expiresAt } of denials) {
      const name = entryName(kind, value);
      this.#expiryMs.set(name, Math.max(expiresAt.getTime(), this.#expiryMs.get(name) ?? 0));
    }
  }

  /** Reads what is new in the database and drops what has expired. Rejects when the database cannot be read. */
  async sync(): Promise<void> {
    const now = this.clock.now();
    const { denials, cursor } = await this.store.readSince(this.#cursor, now);
    this.learn(denials);
    this.#cursor = cursor;
    this.#syncedAtMs = now.getTime();
    for (const [name, expiryMs] of this.#expiryMs) {
      if (expiryMs <= now.getTime()) this.#expiryMs.delete(name);
    }
  }

  get size(): number {
    return this.#expiryMs.size;
  }

  #covers(kind: Denial["kind"], value: string, now: Date): boolean {
    return (this.#expiryMs.get(entryName(kind, value)) ?? 0) > now.getTime();
  }
}
