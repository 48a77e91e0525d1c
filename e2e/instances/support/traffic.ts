import { setTimeout as pause } from "node:timers/promises";
import { decodeProtectedHeader } from "jose";
import { expect } from "vitest";
import type { Answer, Cluster, Server } from "./cluster";
import { joined, Visitor } from "./visitor";

const PATIENCE_MS = 30_000;
/** Leaves the processor to the servers. */
const PAUSE_MS = 40;
const ROUNDS_PER_SIGN_IN = 8;
const MAX_SHOWN = 200;
const MAX_SHOWN_FAILURES = 20;

/** An access token that a visitor was given. */
export interface IssuedToken {
  text: string;
  /** Of the key that signed it. */
  kid: string;
  /** Who was asked for it, and when (`performance.now()`). */
  by: Server;
  sentAt: number;
}

interface Step {
  name: string;
  take(visitor: Visitor, server: Server): Promise<Answer>;
}

const SIGN_IN: Step = { name: "sign in", take: (visitor, server) => visitor.signIn(server) };

const ROUND: readonly Step[] = [
  { name: "a page", take: (visitor, server) => visitor.request(server, "GET", "/account") },
  { name: "a refresh", take: (visitor, server) => visitor.refresh(server) },
  { name: "a call", take: (visitor, server) => visitor.request(server, "GET", "/api/auth/session") },
  {
    name: "a page for which the session is renewed on the way",
    take: (visitor, server) => {
      visitor.expireAccess();
      return visitor.request(server, "GET", "/account/sessions");
    },
  },
];

/** People at work, each step at the next server; now and then one signs in with another browser. */
export class Traffic {
  readonly issued: IssuedToken[] = [];
  requests = 0;
  /** What nobody who is signed in may meet: twice in a row another answer than 200, or a connection that fails. */
  readonly failures: string[] = [];
  /** Answers other than 200 at the first try. */
  readonly interrupted: { what: string; by: Server; sentAt: number }[] = [];
  /** All that were signed in, those that were left among them. */
  readonly browsers: Visitor[] = [];
  /** How many steps each person has done. */
  private readonly steps: number[];
  private isOver = false;
  private readonly loops: Promise<void>[];

  /** `onIssued` hears of each token before its visitor goes on. */
  constructor(
    private readonly servers: readonly Server[],
    people: readonly Visitor[],
    private readonly onIssued: (token: IssuedToken) => Promise<void> = async () => {},
  ) {
    this.steps = people.map(() => 0);
    this.loops = people.map((person, index) => this.work(person, index));
  }

  /** Resolves when the condition holds; every visitor's next token may bring that about. */
  async until(condition: () => boolean): Promise<void> {
    await expect.poll(condition, { timeout: PATIENCE_MS, interval: 5 }).toBe(true);
  }

  /** Resolves when each server has issued such a token in answer to a request that was sent after this call. */
  untilEachSigns(isMeant: (token: IssuedToken) => boolean): Promise<void> {
    const calledAt = performance.now();
    const signs = (server: Server) =>
      this.issued.some((token) => token.by === server && token.sentAt > calledAt && isMeant(token));
    return this.until(() => this.servers.every(signs));
  }

  /** Resolves when everybody has done each step of a round since. */
  untilRoundIsOver(): Promise<void> {
    // The step that is under way does not count.
    const last = this.steps.map((steps) => steps + ROUND.length + 1);
    return this.until(() => this.steps.every((steps, index) => steps >= (last[index] ?? 0)));
  }

  /** Ends the work; the same at a second call. */
  async end(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.loops);
  }

  /** After the end: every browser that was ever signed in still is, at each server, in the session it had. */
  async expectNobodyLoggedOut(cluster: Cluster): Promise<void> {
    expect(this.failures.slice(0, MAX_SHOWN_FAILURES)).toEqual([]);
    for (const browser of this.browsers) {
      for (const server of this.servers) {
        const answer = await browser.request(server, "GET", "/api/auth/session");
        expect(answer.json()).toMatchObject({ session: { id: browser.sessionId } });
        expect((await browser.refresh(server)).status).toBe(200);
      }
    }
    expect(await cluster.sql("SELECT id, end_reason FROM sessions WHERE ended_at IS NOT NULL")).toEqual([]);
  }

  private async work(person: Visitor, index: number): Promise<void> {
    let browser = person;
    this.browsers.push(browser);
    for (let turn = index; !this.isOver; turn += 1) {
      const server = this.servers[turn % this.servers.length] as Server;
      if (turn % (ROUNDS_PER_SIGN_IN * ROUND.length) === 0)
        browser = await this.changeBrowser(browser, server);
      await this.take(browser, server, ROUND[turn % ROUND.length] as Step);
      this.steps[index] = (this.steps[index] ?? 0) + 1;
      await pause(PAUSE_MS);
    }
  }

  private async changeBrowser(former: Visitor, server: Server): Promise<Visitor> {
    const browser = new Visitor(former.person);
    if (!(await this.take(browser, server, SIGN_IN))) return former;
    this.browsers.push(browser);
    return browser;
  }

  /** Whether it was answered as it should be. */
  private async take(visitor: Visitor, server: Server, step: Step): Promise<boolean> {
    const held = visitor.access;
    const sentAt = performance.now();
    this.requests += 1;
    try {
      const first = await step.take(visitor, server);
      await this.note(visitor.access, held, server, sentAt);
      if (first.status === 200) return true;
      this.interrupted.push({ what: `${step.name}: ${first.status}`, by: server, sentAt });
      const { status, body } = await step.take(visitor, server);
      if (status === 200) return true;
      this.failures.push(`${step.name}: ${status} ${body.slice(0, MAX_SHOWN)}`);
    } catch (error) {
      this.failures.push(`${step.name}: ${error}`);
    }
    return false;
  }

  private async note(text: string | undefined, held: string | undefined, by: Server, sentAt: number) {
    if (text === undefined || text === held) return;
    const { kid = "" } = decodeProtectedHeader(text);
    const token = { text, kid, by, sentAt };
    this.issued.push(token);
    await this.onIssued(token);
  }
}

/** Has people at work during `body`, and nobody is logged out by it. */
export async function whileAtWork(
  cluster: Cluster,
  traffic: Traffic,
  body: () => Promise<void>,
): Promise<void> {
  try {
    await body();
    await traffic.untilRoundIsOver();
  } finally {
    await traffic.end();
  }
  await traffic.expectNobodyLoggedOut(cluster);
}

/** So many new people, signed in one after the other. */
export async function gatherPeople(server: Server, count: number): Promise<Visitor[]> {
  const people: Visitor[] = [];
  while (people.length < count) people.push(await joined(server));
  return people;
}
