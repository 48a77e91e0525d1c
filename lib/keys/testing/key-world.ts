import { KEY_RETIRING_SECONDS, KEY_STAGED_SECONDS } from "@/lib/config/durations";
import { addSeconds, type Clock, secondsBetween } from "@/lib/crypto/clock";
import { hasCode } from "@/lib/errors/latchkey-error";
import { InMemoryDenialStore } from "@/lib/sessions/testing/in-memory-denial-store";
import type { Algorithm } from "../algorithms";
import { isSigningUnavailable } from "../custody";
import type { SigningKeyRecord } from "../signing-key";
import { FakeSigner } from "./fake-signer";
import { HeldClock } from "./held-clock";
import { KeyHistory } from "./key-history";
import { KeyProcess, type ProcessSettings, type Token } from "./key-process";
import { MemorySigningKeyStore } from "./memory-signing-key-store";
import { TokenWatch } from "./token-watch";

const BEGUN_AT = new Date("2026-11-24T12:00:00Z");
export const POLL_SECONDS = 0.4;
/** Longer than the cool-down of a keyring. */
const PAUSE_SECONDS = 1.1;
const MOST_ROUNDS = 10;

export interface Act {
  process: number;
  deed: "poll" | "reload" | "rotate" | "revoke" | "rewrap" | "issue";
  /** Which of the keys or lines there are, where the deed is done to one. */
  nth: number;
  /** The process ends after so many moments of its own. */
  momentsLeft: number | undefined;
}

/** How time passes before something is done. */
export type Passing =
  | { kind: "wait"; seconds: number }
  /** Until shortly before or after one of the next times of the keys. */
  | { kind: "approach"; nth: number; offsetSeconds: number }
  /** No time passes, but for the database's clock. */
  | { kind: "jump"; seconds: number };

export interface Step {
  passing: Passing;
  /** All at once. */
  acts: Act[];
  /** Then everybody verifies; who needs a JWKS asks this process. */
  verifiersAsk: number | null;
}

/** Several processes on one database, and time. Collects what is not as it should be. */
export class KeyWorld {
  readonly truth = new HeldClock(BEGUN_AT);
  readonly processes: readonly KeyProcess[];
  readonly tokens: TokenWatch;
  /** Of each request to rotate, how long it said that would take. */
  readonly promises: number[] = [];
  /** What should never happen. */
  readonly faults: string[] = [];
  jumpsAhead = 0;
  #databaseAheadSeconds = 0;
  readonly #databaseClock: Clock = { now: () => addSeconds(this.truth.now(), this.#databaseAheadSeconds) };
  readonly store = new MemorySigningKeyStore(this.#databaseClock);
  readonly #history = new KeyHistory(this.truth);

  /**
   * `areAwake`: all poll whenever something is due; otherwise any of them may sleep for months. `needed`: the
   * algorithms that audiences need.
   */
  constructor(
    settings: readonly ProcessSettings[],
    private readonly areAwake = false,
    needed: readonly Algorithm[] = [],
  ) {
    this.store.needed = needed;
    const denials = new InMemoryDenialStore();
    const signer = new FakeSigner(this.truth);
    this.processes = settings.map((one) => {
      const clock = { now: () => addSeconds(this.truth.now(), one.skewSeconds) };
      return new KeyProcess(one, clock, this.store, denials, signer);
    });
    this.tokens = new TokenWatch(this.processes, this.store, this.#history, this.truth);
  }

  get rows(): readonly SigningKeyRecord[] {
    return this.store.rows;
  }

  get elapsedSeconds(): number {
    return secondsBetween(BEGUN_AT, this.truth.now());
  }

  async take({ passing, acts, verifiersAsk }: Step): Promise<void> {
    await this.#pass(passing);
    this.#history.goOn();
    await Promise.all(acts.map((act) => this.#act(act)));
    this.#history.noteRevoked(this.rows);
    if (this.areAwake) await this.#pollAll();
    if (verifiersAsk === null) return;
    this.truth.advanceSeconds(PAUSE_SECONDS);
    this.#history.goOn();
    await this.tokens.verifyAll(this.#process(verifiersAsk));
  }

  /** Every process polls in turn until none has anything left to do. */
  async settle(): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const before = JSON.stringify(this.rows);
      await this.#pollAll();
      const areAllRunning = this.processes.every(({ keys }) => keys !== null);
      if (areAllRunning && JSON.stringify(this.rows) === before) return;
    }
    this.faults.push(`the keys do not come to rest: ${this.rows.length} were made`);
  }

  async #pollAll(): Promise<void> {
    for (const process of this.processes) {
      this.#history.goOn();
      this.truth.advanceSeconds(POLL_SECONDS);
      await this.#history.read(process, () => process.poll());
    }
  }

  #process(index: number): KeyProcess {
    const process = this.processes[index % this.processes.length];
    if (process === undefined) throw new Error("The world has no processes.");
    return process;
  }

  async #pass(passing: Passing): Promise<void> {
    if (passing.kind === "jump") {
      this.#databaseAheadSeconds += passing.seconds;
      if (passing.seconds > 0) this.jumpsAhead += 1;
      return;
    }
    const seconds = passing.kind === "wait" ? passing.seconds : this.#secondsUntil(passing);
    const until = addSeconds(this.truth.now(), seconds);
    if (this.areAwake) await this.#pollUntil(until);
    this.truth.advanceSeconds(Math.max(0, secondsBetween(this.truth.now(), until)));
    if (this.areAwake) await this.#pollAll();
  }

  #secondsUntil({ nth, offsetSeconds }: Passing & { kind: "approach" }): number {
    const distances = this.#distances()
      .map((seconds) => seconds + offsetSeconds)
      .filter((seconds) => seconds > 0);
    return distances[nth % distances.length] ?? PAUSE_SECONDS;
  }

  /** Between the times of the keys nothing is due to anybody. */
  async #pollUntil(until: Date): Promise<void> {
    for (;;) {
      const next = this.#distances().find((seconds) => seconds > 0);
      if (next === undefined || addSeconds(this.truth.now(), next) >= until) return;
      this.truth.advanceSeconds(next);
      await this.#pollAll();
    }
  }

  /** Seconds until the times of the keys, the next first. */
  #distances(): number[] {
    const times = this.rows.flatMap(({ state, createdAt, activatesAt, retiringAt }) => {
      if (state === "staged") return [addSeconds(createdAt, KEY_STAGED_SECONDS), activatesAt ?? createdAt];
      return state === "retiring" && retiringAt !== null
        ? [addSeconds(retiringAt, KEY_RETIRING_SECONDS)]
        : [];
    });
    const now = this.#databaseClock.now();
    return times.map((time) => secondsBetween(now, time)).toSorted((a, b) => a - b);
  }

  async #act({ process: index, deed, nth, momentsLeft }: Act): Promise<void> {
    const process = this.#process(index);
    switch (deed) {
      case "poll":
        return this.#history.read(process, () => process.poll(momentsLeft));
      case "reload":
        return this.#history.read(process, () => process.reload(momentsLeft));
      case "rotate":
        return this.#requestRotation(process, nth, momentsLeft);
      case "revoke":
        return this.#revoke(process, nth, momentsLeft);
      case "rewrap":
        await process.rewrap(momentsLeft);
        return;
      case "issue": {
        const exactly = [null, ...this.store.needed];
        const token = await this.#issue(process, exactly[nth % exactly.length] ?? null, momentsLeft);
        if (token !== null) this.tokens.add(token, process);
      }
    }
  }

  async #requestRotation(process: KeyProcess, nth: number, momentsLeft: number | undefined): Promise<void> {
    const now = this.#databaseClock.now();
    try {
      const promised = await process.requestRotation(nth, momentsLeft);
      if (promised !== null) this.promises.push(secondsBetween(now, promised.signsFrom));
    } catch (error) {
      // Somebody else has just taken the staged key.
      if (!isSigningUnavailable(error)) throw error;
    }
  }

  async #revoke(process: KeyProcess, nth: number, momentsLeft: number | undefined): Promise<void> {
    const inState = (wanted: string) => this.rows.filter(({ state }) => state === wanted);
    const live = ["active", "staged", "retiring"].flatMap(inState);
    const kid = live[nth % live.length]?.kid;
    if (kid === undefined) return;
    try {
      const revoked = await process.revoke(kid, momentsLeft);
      const isPublished = revoked !== null && process.keys?.keyring.jwks.body.includes(revoked);
      if (isPublished) this.faults.push("a key is published where it has just been revoked");
    } catch (error) {
      // Somebody else has just revoked or retired it.
      if (!hasCode(error, "not_found")) throw error;
    }
  }

  async #issue(
    process: KeyProcess,
    exactly: Algorithm | null,
    momentsLeft: number | undefined,
  ): Promise<Token | null> {
    try {
      return await this.#issued(process, exactly, momentsLeft);
    } catch (error) {
      if (!isSigningUnavailable(error)) throw error;
      if (this.#areAlike) this.faults.push("nothing signs");
      // Its key was ended by another who does not need it, and it has not taken the next one yet.
      await this.#history.read(process, () => process.poll());
      return this.#issued(process, exactly);
    }
  }

  async #issued(process: KeyProcess, exactly: Algorithm | null, momentsLeft?: number): Promise<Token | null> {
    const token = await process.issue(exactly, momentsLeft);
    if (token !== null && exactly !== null && token.algorithm !== exactly) {
      this.faults.push(`${token.algorithm} signs for an audience of ${exactly}`);
    }
    return token;
  }

  /** Whether each can use what any other has made. */
  get #areAlike(): boolean {
    const kinds = this.processes.map(({ settings: { algorithm, hasSigner, secrets } }) =>
      [algorithm, hasSigner, ...secrets.toSorted()].join(),
    );
    return new Set(kinds).size === 1;
  }
}
