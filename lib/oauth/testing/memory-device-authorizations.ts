import type { DeviceAuthorization, DeviceAuthorizationStore, DeviceDecision } from "../stores";

type Hash = Uint8Array<ArrayBuffer>;

const isSame = (one: Hash, other: Hash): boolean => Buffer.compare(one, other) === 0;

/** Device authorizations in memory. */
export class MemoryDeviceAuthorizations implements DeviceAuthorizationStore {
  readonly rows: DeviceAuthorization[] = [];

  async insert(authorization: DeviceAuthorization): Promise<boolean> {
    if (this.rows.some(({ userCodeHash }) => isSame(userCodeHash, authorization.userCodeHash))) return false;
    this.rows.push({ ...authorization });
    return true;
  }

  async find(hash: Hash): Promise<DeviceAuthorization | null> {
    return this.#copy(this.#at(hash));
  }

  async findUndecided(userCodeHash: Hash, now: Date): Promise<DeviceAuthorization | null> {
    return this.#copy(this.#undecided(userCodeHash, now));
  }

  async decide(userCodeHash: Hash, decision: DeviceDecision, now: Date): Promise<boolean> {
    const row = this.#undecided(userCodeHash, now);
    return row !== undefined && Object.assign(row, decision, { decidedAt: now }) === row;
  }

  async notePoll(hash: Hash, intervalSeconds: number, now: Date): Promise<void> {
    Object.assign(this.#at(hash) ?? {}, { intervalSeconds, polledAt: now });
  }

  async redeem(hash: Hash, now: Date): Promise<boolean> {
    const row = this.#at(hash);
    if (row?.decision !== "allowed" || row.redeemedAt !== null || row.expiresAt <= now) return false;
    row.redeemedAt = now;
    return true;
  }

  async removeUnused(clientId: string, userId: string | null): Promise<void> {
    const isUnused = (row: DeviceAuthorization) =>
      row.clientId === clientId && row.redeemedAt === null && (userId === null || row.userId === userId);
    for (const row of this.rows.filter(isUnused)) this.rows.splice(this.rows.indexOf(row), 1);
  }

  #at(hash: Hash): DeviceAuthorization | undefined {
    return this.rows.find((row) => isSame(row.hash, hash));
  }

  #undecided(userCodeHash: Hash, now: Date): DeviceAuthorization | undefined {
    const row = this.rows.find((candidate) => isSame(candidate.userCodeHash, userCodeHash));
    return row !== undefined && row.decision === null && row.expiresAt > now ? row : undefined;
  }

  #copy(row: DeviceAuthorization | undefined): DeviceAuthorization | null {
    return row === undefined ? null : { ...row };
  }
}
