import type { Deniable, Denial, DenialCursor, DenialStore, FedDenial } from "@/lib/revocation/denial";

/** The durable denylist as its port promises it, in memory; `isDown` is a database that cannot be asked. */
export class InMemoryDenialStore implements DenialStore {
  isDown = false;
  readonly #denials = new Map<string, Denial & { recordedAt: number }>();
  #writes = 0;

  async deny(denial: Denial): Promise<void> {
    this.#requireUp();
    const name = `${denial.kind} ${denial.value}`;
    const known = this.#denials.get(name);
    const expiresAt = known && known.expiresAt > denial.expiresAt ? known.expiresAt : denial.expiresAt;
    this.#writes += 1;
    this.#denials.set(name, { ...denial, expiresAt, recordedAt: this.#writes });
  }

  async covers({ jti, sid, kid }: Deniable, now: Date): Promise<boolean> {
    this.#requireUp();
    const names = [`jti ${jti}`, `sid ${sid}`, `kid ${kid}`];
    return names.some((name) => (this.#denials.get(name)?.expiresAt ?? 0) > now);
  }

  /** A cursor counts writes, so that no clock decides what is new. */
  async readSince(
    cursor: DenialCursor | null,
    now: Date,
  ): Promise<{ denials: FedDenial[]; cursor: DenialCursor }> {
    this.#requireUp();
    const since = Number(cursor ?? 0);
    const denials = [...this.#denials.values()]
      .filter(({ recordedAt, expiresAt }) => recordedAt > since && expiresAt > now)
      .map(({ recordedAt: _, ...denial }) => ({ ...denial, ageSeconds: 0 }));
    return { denials, cursor: String(this.#writes) };
  }

  #requireUp(): void {
    if (this.isDown) throw new Error("the database is down");
  }
}
