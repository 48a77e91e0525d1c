import type { Jar, SimulatedWorld } from "./simulated-world";

/** How a browser lives. Chances from 0 to 1, times in seconds. */
export interface Habits {
  /** Of a response that never arrives. */
  lostResponses: number;
  /** Of a refresh whose responses were all lost and that is tried again only minutes later. */
  lateRetries: number;
  /** Of leaving for ten minutes to eight hours, each time the access token is renewed. */
  absences: number;
  /** Mean time between two requests while the person is there. */
  gapSeconds: number;
}

const MAX_TABS = 6;
const TABS_WITHIN_SECONDS = 2;
const MAX_TRANSIT_SECONDS = 2;
const STRAGGLER_SECONDS = 20;
/** A response is given up, and asked for again, in time for the overlap of 30 s. */
const GIVE_UP_SECONDS = 6.1;
const MAX_ATTEMPTS_LOST = 3;
/** Twice as late within the recovery window is out of the table's bounds. */
const GENERATIONS_BETWEEN_LATE_RETRIES = 21;

/** An honest browser: several tabs with one cookie jar, on a line that loses and delays. */
export class SimulatedBrowser {
  awayUntil = 0;
  #attempts = 0;
  #lastLateGeneration = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly world: SimulatedWorld,
    private readonly habits: Habits,
    public jar: Jar,
  ) {}

  /** The person does something: a request with a valid token, or all tabs at once with an expired one. */
  async wake(): Promise<void> {
    const { world, jar } = this;
    if (world.now < jar.expiresAt) {
      await world.use(jar);
      this.#sleepUntilRenewal();
      return;
    }
    this.#attempts += 1;
    const tabs = 1 + Math.floor(world.random() * MAX_TABS);
    for (let tab = 0; tab < tabs; tab += 1) {
      world.schedule(world.now + world.uniform(0, TABS_WITHIN_SECONDS), () => this.#send(tab));
    }
    world.schedule(world.now + GIVE_UP_SECONDS, () => this.#lookForAnswer(jar));
  }

  async #send(tab: number): Promise<void> {
    const { world, jar } = this;
    if (world.now < jar.expiresAt) return void (await world.use(jar));
    const isStraggler = tab > 0 && this.#attempts === 1 && world.random() < 0.02;
    const transit = isStraggler ? world.uniform(0, STRAGGLER_SECONDS) : world.uniform(0, MAX_TRANSIT_SECONDS);
    const isLost = this.#attempts <= MAX_ATTEMPTS_LOST && world.random() < this.habits.lostResponses;
    world.schedule(world.now + transit, async () => {
      const answer = await world.refresh("victim", jar);
      if (answer === null || isLost) return;
      world.schedule(world.now + world.uniform(0, MAX_TRANSIT_SECONDS), async () => {
        this.jar = answer;
      });
    });
  }

  async #lookForAnswer(asked: Jar): Promise<void> {
    const { world } = this;
    const isAnswered = this.jar !== asked;
    if (isAnswered) {
      this.#attempts = 0;
      world.schedule(world.now + world.exponential(this.habits.gapSeconds), () => this.wake());
      return;
    }
    world.schedule(world.now + (this.#mayBeLate() ? world.uniform(60, 1800) : 0.5), () => this.wake());
  }

  #mayBeLate(): boolean {
    const generation = this.world.generationOf(this.jar);
    if (this.world.random() >= this.habits.lateRetries) return false;
    if (generation - this.#lastLateGeneration < GENERATIONS_BETWEEN_LATE_RETRIES) return false;
    this.#lastLateGeneration = generation;
    return true;
  }

  /** What happens between the first use of a token and its expiry changes nothing more. */
  #sleepUntilRenewal(): void {
    const { world, habits, jar } = this;
    let at = jar.expiresAt + world.exponential(habits.gapSeconds);
    if (world.random() < habits.absences) {
      at += world.uniform(600, 8 * 3600);
      this.awayUntil = at;
    }
    world.schedule(at, () => this.wake());
  }
}
