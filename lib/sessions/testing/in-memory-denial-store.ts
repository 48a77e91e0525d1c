import type {
  Deniable,
  Denial,
  DenialCursor,
  DenialReading,
  DenialStore,
  FedDenial,
} from "@/lib/revocation/denial";

/** All at once: no clock decides what is new. */
const RECORDED_AT = new Date(0);

/** The durable denylist as its port promises it, in memory; `isDown` is a database that cannot be asked. */
export class InMemoryDenialStore implements DenialStore {
  isDown = false;
  readonly #denials = new Map<string, FedDenial>();
  #writes = 0;

  async deny(denial: Denial): Promise<void> {
    this.#requireUp();
    const name = `${denial.kind} ${denial.value}`;
    const known = this.#denials.get(name);
    const expiresAt = known && known.expiresAt > denial.expiresAt ? known.expiresAt : denial.expiresAt;
    this.#writes += 1;
    this.#denials.set(name, {
      ...denial,
      expiresAt,
      recordedAt: RECORDED_AT,
      recordedBy: BigInt(this.#writes),
    });
  }

  async covers({ jti, sid, kid }: Deniable, now: Date): Promise<boolean> {
    this.#requireUp();
    const names = [`jti ${jti}`, `sid ${sid}`, `kid ${kid}`];
    return names.some((name) => (this.#denials.get(name)?.expiresAt ?? 0) > now);
  }

  /** A cursor counts writes. */
  async readSince(cursor: DenialCursor | null, now: Date): Promise<DenialReading> {
    this.#requireUp();
    const since = cursor?.oldestRunning ?? 0n;
    const denials = [...this.#denials.values()].filter(
      ({ recordedBy, expiresAt }) => recordedBy >= since && expiresAt > now,
    );
    const oldestRunning = BigInt(this.#writes + 1);
    return {
      denials: denials.map((denial) => ({ ...denial })),
      isComplete: cursor === null,
      cursor: { database: "memory", oldestRunning, readAt: RECORDED_AT },
    };
  }

  #requireUp(): void {
    if (this.isDown) throw new Error("the database is down");
  }
}
