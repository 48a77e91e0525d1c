import { DENYLIST_STALE_MS } from "@/lib/config/durations";
import { type Clock, secondsBetween } from "@/lib/crypto/clock";
import type { Deniable, Denial, DenialCursor, DenialKind, DenialStore } from "./denial";

const entryName = (kind: DenialKind, value: string): string => `${kind} ${value}`;

/**
 * This process's copy of the denials. What it holds is denied for certain, since no denial is ever taken back; what it
 * does not hold may have been denied elsewhere since its last `sync`.
 */
export class DenialCopy {
  readonly #expiryMs = new Map<string, number>();
  #cursor: DenialCursor | null = null;
  #syncedAtMs = Number.NEGATIVE_INFINITY;

  /** `onNews` hears how many seconds each denial took from the database to here. */
  constructor(
    private readonly store: DenialStore,
    private readonly clock: Clock,
    private readonly onNews: (ageSeconds: number) => void = () => {},
  ) {}

  covers({ jti, sid, kid }: Deniable): boolean {
    const nowMs = this.clock.now().getTime();
    const isDenied = (kind: DenialKind, value: string) =>
      (this.#expiryMs.get(entryName(kind, value)) ?? 0) > nowMs;
    return isDenied("jti", jti) || isDenied("sid", sid) || isDenied("kid", kid);
  }

  learn(denials: readonly Denial[]): void {
    for (const denial of denials) this.#learn(denial);
  }

  /** Reads what is new in the database, and returns it: at first everything. Rejects when it cannot be read. */
  async sync(): Promise<Denial[]> {
    const now = this.clock.now();
    const isFirst = this.#cursor === null;
    const { denials, cursor } = await this.store.readSince(this.#cursor, now);
    const news = denials.filter((denial) => this.#learn(denial));
    if (!isFirst) for (const { recordedAt } of news) this.onNews(secondsBetween(recordedAt, cursor.readAt));
    this.#cursor = cursor;
    this.#syncedAtMs = now.getTime();
    return news;
  }

  /** How long ago the last successful sync began to read. */
  get ageMs(): number {
    return Math.abs(this.clock.now().getTime() - this.#syncedAtMs);
  }

  /** Whether what it does not hold was not denied more than a second ago. */
  get isCurrent(): boolean {
    return this.ageMs <= DENYLIST_STALE_MS;
  }

  get size(): number {
    return this.#expiryMs.size;
  }

  /** All that it holds, as denials. */
  *entries(): Generator<Denial> {
    for (const [name, expiryMs] of this.#expiryMs) {
      const separator = name.indexOf(" ");
      const kind = name.slice(0, separator) as DenialKind;
      yield { kind, value: name.slice(separator + 1), expiresAt: new Date(expiryMs) };
    }
  }

  forgetExpired(): void {
    const nowMs = this.clock.now().getTime();
    for (const [name, expiryMs] of this.#expiryMs) if (expiryMs <= nowMs) this.#expiryMs.delete(name);
  }

  /** Whether it was news. */
  #learn({ kind, value, expiresAt }: Denial): boolean {
    const name = entryName(kind, value);
    const known = this.#expiryMs.get(name) ?? 0;
    if (expiresAt.getTime() <= known) return false;
    this.#expiryMs.set(name, expiresAt.getTime());
    return true;
  }
}
