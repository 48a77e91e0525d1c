import type { Deniable, Denial, DenialStore } from "@/lib/revocation/denial";

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

  async covers({ jti, sid }: Deniable, now: Date): Promise<boolean> {
    this.#requireUp();
    return [`jti ${jti}`, `sid ${sid}`].some((name) => (this.#denials.get(name)?.expiresAt ?? 0) > now);
  }

  /** A cursor counts writes, so that no clock decides what is new. */
  async readSince(cursor: Date | null, now: Date): Promise<{ denials: Denial[]; cursor: Date }> {
    this.#requireUp();
    const since = cursor?.getTime() ?? 0;
    const isNews = (denial: { recordedAt: number; expiresAt: Date }) =>
      denial.recordedAt > since && denial.expiresAt > now;
    const denials = [...this.#denials.values()].filter(isNews).map(({ recordedAt: _, ...denial }) => denial);
    return { denials, cursor: new Date(this.#writes) };
  }

  async deleteExpired(now: Date): Promise<number> {
    this.#requireUp();
    const expired = [...this.#denials].filter(([, { expiresAt }]) => expiresAt <= now);
    for (const [name] of expired) this.#denials.delete(name);
    return expired.length;
  }

  #requireUp(): void {
    if (this.isDown) throw new Error("the database is down");
  }
}
