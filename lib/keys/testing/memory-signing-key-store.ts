import type { KeyState, SigningKeyRecord, SigningKeyStore } from "../signing-key";

/** Signing keys at rest, without a database. Holds what the database would, and can be taken away. */
export class MemorySigningKeyStore implements SigningKeyStore {
  rows: SigningKeyRecord[] = [];
  reads = 0;
  isDown = false;

  async listLive(): Promise<SigningKeyRecord[]> {
    this.reads += 1;
    await Promise.resolve();
    if (this.isDown) throw new Error("The store cannot be reached.");
    return this.rows
      .filter(({ state }) => state !== "retired" && state !== "revoked")
      .map((row) => ({ ...row }));
  }

  async insertActive(record: SigningKeyRecord): Promise<boolean> {
    if (this.isDown) throw new Error("The store cannot be reached.");
    const isTaken = this.rows.some(
      ({ state, use, algorithm }) =>
        state === "active" && use === record.use && algorithm === record.algorithm,
    );
    if (!isTaken) this.rows.push({ ...record });
    return !isTaken;
  }

  setState(kid: string, state: KeyState): void {
    this.rows = this.rows.map((row) => (row.kid === kid ? { ...row, state } : row));
  }
}
