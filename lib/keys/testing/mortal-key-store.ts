import type { Clock } from "@/lib/crypto/clock";
import type { KeyStores } from "../rotation";
import type { LiveKeys } from "../signing-key";
import { MemorySigningKeyStore } from "./memory-signing-key-store";

/** The process has ended between two statements. */
export class Crash extends Error {
  override readonly name = "Crash";
}

/** How long a process lives, counted in moments: there is one before and one after each statement. */
export class Lifetime {
  #momentsLeft = Number.POSITIVE_INFINITY;

  endAfter(moments: number): void {
    this.#momentsLeft = Math.min(this.#momentsLeft, moments);
  }

  async during<Result>(statement: () => Promise<Result>): Promise<Result> {
    this.#pass();
    const result = await statement();
    this.#pass();
    return result;
  }

  #pass(): void {
    if (this.#momentsLeft === 0) throw new Crash();
    this.#momentsLeft -= 1;
  }
}

/** The store that all processes share, as one of them reaches it for as long as it lives. */
export class MortalKeyStore extends MemorySigningKeyStore {
  constructor(
    private readonly shared: MemorySigningKeyStore,
    private readonly lifetime: Lifetime,
    clock: Clock,
  ) {
    super(clock);
  }

  override listLive(): Promise<LiveKeys> {
    return this.lifetime.during(() => this.shared.listLive());
  }

  /** BEGIN and COMMIT are statements too: a process may end when its transaction has just been committed. */
  override atomically<Result>(work: (stores: KeyStores) => Promise<Result>): Promise<Result> {
    return this.lifetime.during(() => this.shared.atomically((stores) => work(this.#mortal(stores))));
  }

  #mortal({ signingKeys, audit }: KeyStores): KeyStores {
    const { lifetime } = this;
    return {
      signingKeys: {
        listLive: () => lifetime.during(() => signingKeys.listLive()),
        lockLive: () => lifetime.during(() => signingKeys.lockLive()),
        insert: (record) => lifetime.during(() => signingKeys.insert(record)),
        update: (record) => lifetime.during(() => signingKeys.update(record)),
      },
      audit: { record: (event) => lifetime.during(() => audit.record(event)) },
    };
  }
}
