import { type Clock, secondsBetween } from "@/lib/crypto/clock";
import type { SigningKeyRecord } from "../signing-key";
import type { KeyProcess } from "./key-process";

/** Who has read what, and when keys were revoked, counted in moments: what happens at once is of one moment. */
export class KeyHistory {
  #moment = 0;
  readonly #revokedAt = new Map<string, number>();
  readonly #readAt = new Map<KeyProcess, { moment: number; instant: Date }>();

  constructor(private readonly truth: Clock) {}

  get moment(): number {
    return this.#moment;
  }

  goOn(): void {
    this.#moment += 1;
  }

  /** Remembers that the process has read its keys, as they were when it began or newer. */
  async read(process: KeyProcess, read: () => Promise<unknown>): Promise<void> {
    const begun = { moment: this.#moment, instant: this.truth.now() };
    await read();
    if (process.keys !== null) this.#readAt.set(process, begun);
  }

  noteRevoked(rows: readonly SigningKeyRecord[]): void {
    for (const { kid, state } of rows) {
      if (state === "revoked" && !this.#revokedAt.has(kid)) this.#revokedAt.set(kid, this.#moment);
    }
  }

  get revoked(): Iterable<string> {
    return this.#revokedAt.keys();
  }

  isRevoked(kid: string): boolean {
    return this.#revokedAt.has(kid);
  }

  /** Whether the key had been revoked when the process last read its keys. */
  knowsRevoked(process: KeyProcess, kid: string): boolean {
    return (this.#revokedAt.get(kid) ?? Number.POSITIVE_INFINITY) < this.lastRead(process);
  }

  lastRead(process: KeyProcess): number {
    return this.#readAt.get(process)?.moment ?? 0;
  }

  secondsSinceRead(process: KeyProcess): number {
    const readAt = this.#readAt.get(process)?.instant;
    return readAt === undefined ? Number.POSITIVE_INFINITY : secondsBetween(readAt, this.truth.now());
  }
}
