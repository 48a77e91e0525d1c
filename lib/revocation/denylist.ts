import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { DENYLIST_STALE_MS } from "@/lib/config/durations";
import type { Clock } from "@/lib/crypto/clock";
import type { Deniable, Denial, DenialStore } from "./denial";
import type { DenialCopy } from "./denial-copy";
import type { SharedDenials } from "./shared-denials";

/** Who has answered: this process's copy, Redis, or the database. */
export type DenylistSource = "memory" | "redis" | "postgres";

interface DenylistParts {
  /** `strict` asks at every request, `replica` believes a copy that is current. */
  mode: "strict" | "replica";
  store: DenialStore;
  copy: DenialCopy;
  /** Null without Redis. */
  shared: SharedDenials | null;
  clock: Clock;
  onAnswer?: (source: DenylistSource) => void;
  /** Hears of each denial that this process has written. */
  onPublished?: () => void;
}

/** What one request has heard. */
interface RequestMemory {
  asked: Map<string, Promise<boolean>>;
  passed: Set<string>;
}

const nameOf = ({ jti, sid, kid }: Deniable): string => `${jti} ${sid} ${kid}`;

const NO_KEY = "";

/** Nobody's token: asking for it shows whether anybody answers. */
const PROBE: Deniable = { jti: "probe", sid: "probe", kid: "probe" };

/**
 * Says whether a verified token has been revoked (docs/decisions/012). Whoever answers first and can be believed is
 * heard: the copy in this process, Redis, the database. When none of them can be, it does not answer.
 */
export class Denylist {
  readonly #request = new AsyncLocalStorage<RequestMemory>();
  /** What others have written to the database, and may have died before they wrote it to Redis. */
  #heard: Denial[] = [];

  constructor(private readonly parts: DenylistParts) {}

  /**
   * Within `handle`, each token is asked for once, however often the request is checked, and a key that is revoked
   * meanwhile does not cut the request off in the middle.
   */
  duringRequest<Result>(handle: () => Result): Result {
    return this.#request.run({ asked: new Map(), passed: new Set() }, handle);
  }

  /** Rejects when nobody who knows can be asked: fail closed. */
  async isDenied(token: Deniable): Promise<boolean> {
    const { copy, mode } = this.parts;
    const passed = this.#request.getStore()?.passed;
    const name = nameOf(token);
    const hasPassed = passed?.has(name) ?? false;
    if (copy.covers(hasPassed ? { ...token, kid: NO_KEY } : token)) return this.#answeredBy("memory", true);
    const isCurrent = mode === "replica" && copy.isCurrent;
    const isDenied = isCurrent ? this.#answeredBy("memory", false) : await this.#askOnce(token);
    if (!isDenied) passed?.add(name);
    return isDenied;
  }

  /**
   * Tells every instance what has just been written to the database. This process refuses at once; so do the others
   * once it resolves, where they ask Redis or the database. When Redis could not be told, it resolves only after the
   * time in which every other instance has read the database.
   */
  async publish(denials: readonly Denial[]): Promise<void> {
    const { copy, shared, onPublished } = this.parts;
    copy.learn(denials);
    if (denials.length === 0) return;
    onPublished?.();
    if (shared === null) return;
    if (!(await shared.write(denials))) await wait(DENYLIST_STALE_MS);
  }

  /**
   * Reads what is denied before the first token is judged. Rejects when the database cannot be read, and with
   * `SettingError` for a Redis that may forget. One that does not answer is filled when it does.
   */
  async start(): Promise<void> {
    await this.sync();
    await this.parts.shared?.start(() => this.#readAll());
  }

  /** Brings the copy up to the database, which no Redis may keep waiting (see `publish`). Rejects when it cannot be read. */
  async sync(): Promise<void> {
    if (!this.isCopying) return;
    const news = await this.parts.copy.sync();
    if (this.parts.shared !== null) this.#heard = this.#heard.concat(news);
  }

  /**
   * Brings Redis up to the database: with what this process has heard of, whoever wrote it, and with everything where Redis
   * has lost something. Rejects when it cannot be brought up.
   */
  async refill(): Promise<void> {
    const { shared } = this.parts;
    if (shared === null) return;
    if (!(await shared.verify())) return shared.fill(() => this.#readAll());
    const heard = this.#heard;
    this.#heard = [];
    try {
      await shared.writeAgain(heard);
    } catch (error) {
      this.#heard = heard.concat(this.#heard);
      throw error;
    }
  }

  async #readAll(): Promise<Iterable<Denial>> {
    const { copy } = this.parts;
    await copy.sync();
    // It is in the copy, and a filling that fails is begun anew: at a start nothing is written twice.
    this.#heard = [];
    return copy.entries();
  }

  async checkEviction(): Promise<void> {
    await this.parts.shared?.checkEviction();
  }

  forgetExpired(): void {
    const { copy, clock } = this.parts;
    copy.forgetExpired();
    const now = clock.now();
    this.#heard = this.#heard.filter(({ expiresAt }) => expiresAt > now);
  }

  /** Whether this process keeps a copy of what others have denied. */
  get isCopying(): boolean {
    return this.parts.mode === "replica" || this.parts.shared !== null;
  }

  /** Whether tokens can be judged, and whether as they are meant to be. */
  async state(): Promise<"ok" | "degraded" | "unavailable"> {
    const { mode, copy, shared } = this.parts;
    if (shared?.isBelieved ?? (mode === "replica" && copy.isCurrent)) return "ok";
    try {
      await this.#ask(PROBE);
      return shared === null && mode === "strict" ? "ok" : "degraded";
    } catch {
      return "unavailable";
    }
  }

  #askOnce(token: Deniable): Promise<boolean> {
    const asked = this.#request.getStore()?.asked;
    const name = nameOf(token);
    const answer = asked?.get(name) ?? this.#ask(token);
    asked?.set(name, answer);
    return answer;
  }

  async #ask(token: Deniable): Promise<boolean> {
    const { shared, store, clock } = this.parts;
    const found = (await shared?.find(token)) ?? null;
    if (found !== null) return this.#answeredBy("redis", found);
    return this.#answeredBy("postgres", await store.covers(token, clock.now()));
  }

  #answeredBy(source: DenylistSource, isDenied: boolean): boolean {
    this.parts.onAnswer?.(source);
    return isDenied;
  }
}
