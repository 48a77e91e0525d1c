import type { Deniable, Denial, DenialStore } from "./denial";

/** Answers whether a verified token has been revoked. Rejects when nobody who knows can be asked: fail closed. */
export interface Denylist {
  isDenied(token: Deniable): Promise<boolean>;
  /** What this process has just written to the database, so that it refuses at its very next request. */
  learn(denials: readonly Denial[]): void;
}

/** `strict`: the database is asked at every request. */
export class StrictDenylist implements Denylist {
  constructor(
    private readonly store: DenialStore,
    private readonly clock: { now(): Date },
  ) {}

  isDenied(token: Deniable): Promise<boolean> {
    return this.store.covers(token, this.clock.now());
  }

  learn(): void {
    // The database already knows.
  }
}
