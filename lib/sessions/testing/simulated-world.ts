import type { Client } from "@/lib/audit/events";
import { secondsBetween } from "@/lib/crypto/clock";
import { hasCode } from "@/lib/errors/latchkey-error";
import { acknowledge, authenticate } from "../authenticate";
import type { Credentials } from "../credentials";
import { refreshSession } from "../refresh-session";
import type { SessionWithUser } from "../session";
import { startSession } from "../start-session";
import { ADA, BROWSER, createHarness, type SessionHarness } from "./session-harness";

const OVERLAP_SECONDS = 30;

/** What a client holds; a thief's is a copy. */
export interface Jar {
  refreshToken: string;
  accessToken: string;
  /** Seconds since the beginning. */
  issuedAt: number;
  expiresAt: number;
}

/** One presented what the other had rotated away, later than the overlap forgives. */
export interface Contact {
  generation: number;
  wasAcknowledged: boolean;
}

type Party = "victim" | "thief";

/** One session, the real use cases over it, a clock that jumps from event to event, and random numbers of a seed. */
export class SimulatedWorld {
  readonly harness: SessionHarness = createHarness();
  /** The first of each generation, oldest first. */
  readonly contacts: Contact[] = [];
  refreshes = 0;
  #queue: { at: number; act: () => Promise<void> }[] = [];
  readonly #begunAt = this.harness.clock.now();
  #now = 0;
  #sessionId = "";
  #rotatedBy: Party = "victim";
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  get now(): number {
    return this.#now;
  }

  /** A number from 0 to 1 (mulberry32). */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  uniform = (from: number, to: number): number => from + (to - from) * this.random();
  exponential = (mean: number): number => -mean * Math.log(1 - this.random());

  schedule(at: number, act: () => Promise<void>): void {
    this.#queue.push({ at: Math.max(at, this.#now), act });
  }

  /** Runs events in order of time until the session ends or the time is over. Returns when it ended, or null. */
  async run(untilSeconds: number): Promise<number | null> {
    while (this.#queue.length > 0) {
      const next = this.#queue.reduce((first, event) => (event.at < first.at ? event : first));
      if (next.at > untilSeconds) return null;
      this.#queue = this.#queue.filter((event) => event !== next);
      this.#now = next.at;
      this.harness.clock.moveTo(next.at);
      await next.act();
      if ((await this.session()).endedAt !== null) return this.#now;
    }
    return null;
  }

  async logIn(): Promise<Jar> {
    const credentials = await startSession(this.harness.deps, ADA, BROWSER);
    this.#sessionId = credentials.session.id;
    return this.#toJar(credentials);
  }

  async session(): Promise<SessionWithUser> {
    const session = await this.harness.store.find(this.#sessionId);
    if (session === null) throw new Error("nobody has logged in");
    return session;
  }

  /** What middleware does with a valid access token. False: it is expired or denied. */
  async use({ accessToken }: Jar): Promise<boolean> {
    const authentication = await authenticate(this.harness.deps, accessToken);
    if (authentication.ok) await acknowledge(this.harness.deps, authentication.claims);
    return authentication.ok;
  }

  /** The new contents of the jar, or null when the session is over. */
  async refresh(party: Party, { refreshToken }: Jar, client: Client = BROWSER): Promise<Jar | null> {
    const before = await this.session();
    this.#noteContact(party, refreshToken, before);
    try {
      const credentials = await refreshSession(this.harness.deps, refreshToken, client);
      this.refreshes += 1;
      if (credentials.session.generation > before.generation) this.#rotatedBy = party;
      return this.#toJar(credentials);
    } catch (error) {
      if (hasCode(error, "invalid_refresh_token")) return null;
      throw error;
    }
  }

  generationOf({ refreshToken }: Jar): number {
    return this.harness.deps.refreshTokens.verify(refreshToken)?.generation ?? Number.NaN;
  }

  #noteContact(party: Party, refreshToken: string, session: SessionWithUser): void {
    const presented = this.harness.deps.refreshTokens.verify(refreshToken)?.generation ?? Number.NaN;
    if (session.endedAt !== null || presented >= session.generation || party === this.#rotatedBy) return;
    const wasAcknowledged = session.acknowledgedGeneration === session.generation;
    const now = this.harness.clock.now();
    const isForgiven = (since: Date) => secondsBetween(since, now) < OVERLAP_SECONDS;
    if (isForgiven(session.rotatedAt) || (wasAcknowledged && isForgiven(session.acknowledgedAt))) return;
    if (this.contacts.at(-1)?.generation === session.generation) return;
    this.contacts.push({ generation: session.generation, wasAcknowledged });
  }

  #toJar({ refreshToken, accessToken, accessTokenExpiresAt }: Credentials): Jar {
    const expiresAt = secondsBetween(this.#begunAt, accessTokenExpiresAt);
    return { refreshToken, accessToken, issuedAt: this.#now, expiresAt };
  }
}
