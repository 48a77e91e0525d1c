import type { AuditEvent } from "@/lib/audit/events";
import type { Clock } from "@/lib/crypto/clock";
import type { Algorithm } from "../algorithms";
import type { KeyStores } from "../rotation";
import type { KeyState, LiveKeys, SigningKeyRecord, SigningKeyStore } from "../signing-key";

/** Signing keys at rest, without a database. Holds what the database would, and can be taken away. */
export class MemorySigningKeyStore implements SigningKeyStore {
  rows: SigningKeyRecord[] = [];
  events: AuditEvent[] = [];
  /** The algorithms that audiences need. */
  needed: readonly Algorithm[] = [];
  reads = 0;
  isDown = false;
  #turn: Promise<unknown> = Promise.resolve();
  /** What others see while a transaction is under way. */
  #committed: SigningKeyRecord[] | null = null;

  /** `clock` is the database's. */
  constructor(private readonly clock: Clock) {}

  listLive(): Promise<LiveKeys> {
    return this.#read(() => this.#committed ?? this.rows);
  }

  lockLive(): Promise<LiveKeys> {
    return this.#read(() => this.rows);
  }

  async insert(record: SigningKeyRecord): Promise<void> {
    this.#refuseSecondActive(record);
    this.rows.push({ ...record });
  }

  async update(record: SigningKeyRecord): Promise<void> {
    this.#refuseSecondActive(record);
    this.rows = this.rows.map((row) => (row.kid === record.kid ? { ...row, ...record } : row));
  }

  /** One at a time; what fails leaves nothing behind. */
  atomically<Result>(work: (stores: KeyStores) => Promise<Result>): Promise<Result> {
    const run = this.#turn.then(async () => {
      const before = { rows: this.rows, events: this.events };
      this.#committed = before.rows;
      this.rows = [...before.rows];
      this.events = [...before.events];
      try {
        const record = async (event: AuditEvent) => void this.events.push(event);
        return await work({ signingKeys: this, audit: { record } });
      } catch (error) {
        Object.assign(this, before);
        throw error;
      } finally {
        this.#committed = null;
      }
    });
    this.#turn = run.catch(() => undefined);
    return run;
  }

  setState(kid: string, state: KeyState): void {
    this.rows = this.rows.map((row) => (row.kid === kid ? { ...row, state } : row));
  }

  async #read(rows: () => SigningKeyRecord[]): Promise<LiveKeys> {
    this.reads += 1;
    await Promise.resolve();
    if (this.isDown) throw new Error("The store cannot be reached.");
    const keys = rows().filter(({ state }) => state !== "retired" && state !== "revoked");
    return { keys: keys.map((row) => ({ ...row })), needed: this.needed, now: this.clock.now() };
  }

  /** As the unique index of the database does. */
  #refuseSecondActive({ kid, use, algorithm, custody, state }: SigningKeyRecord): void {
    const isTaken = this.rows.some(
      (row) =>
        row.kid !== kid &&
        row.state === "active" &&
        state === "active" &&
        row.use === use &&
        row.algorithm === algorithm &&
        row.custody === custody,
    );
    if (isTaken) throw new Error("Only one key of its kind may be active.");
  }
}
