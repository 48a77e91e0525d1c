import type { LogoutDelivery, LogoutDeliveryStore } from "../stores";

/** Deliveries in memory. */
export class MemoryLogoutDeliveries implements LogoutDeliveryStore {
  readonly rows = new Map<bigint, LogoutDelivery>();
  #lastId = 0n;

  /** A client is yet to hear that so many sessions have ended. */
  add(clientId: string, now: Date, count = 1): void {
    for (let n = 0; n < count; n += 1) {
      this.#lastId += 1n;
      const id = this.#lastId;
      const of = { id, clientId, userId: "ada", sessionId: `session ${id}` };
      this.rows.set(id, { ...of, createdAt: now, attempts: 0, nextAttemptAt: now, lastProblem: null });
    }
  }

  async take(
    limit: number,
    now: Date,
    heldUntil: Date,
    exceptClientIds: readonly string[] = [],
  ): Promise<LogoutDelivery[]> {
    const due = [...this.rows.values()]
      .filter(({ nextAttemptAt }) => nextAttemptAt <= now)
      .filter(({ clientId }) => !exceptClientIds.includes(clientId))
      .slice(0, limit);
    return due.map((delivery) => Object.assign(delivery, { nextAttemptAt: heldUntil }));
  }

  async remove(id: bigint): Promise<void> {
    this.rows.delete(id);
  }

  async postpone(id: bigint, nextAttemptAt: Date, lastProblem: string): Promise<void> {
    const delivery = this.rows.get(id);
    if (delivery === undefined) return;
    this.rows.set(id, { ...delivery, nextAttemptAt, lastProblem, attempts: delivery.attempts + 1 });
  }

  async listOfClient(clientId: string, limit: number): Promise<LogoutDelivery[]> {
    return [...this.rows.values()].filter((delivery) => delivery.clientId === clientId).slice(0, limit);
  }
}
