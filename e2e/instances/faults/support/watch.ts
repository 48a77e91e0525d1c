import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import type { Answer, Instance, RequestOptions } from "../../support/cluster";
import { ACCESS_COOKIE, type Visitor } from "../../support/visitor";
import { faultsOf, logged } from "./answer-rules";

/** Leaves the processor to the instances. */
const PAUSE_MS = 15;
/**
 * Where a valid token may go on, it fails in no request that begins this long after one was accepted. A busy machine is a
 * slow Redis, and whoever asks a silent Postgres instead is told so only seconds later.
 */
const MAX_GAP_MS = 2_000;
/** `sessions`: whatever reads or writes a session's row. `tokens`: all, the use of a valid token too. */
type Forgiveness = "nothing" | "sessions" | "tokens";

interface Revoked {
  label: string;
  visitor: Visitor;
  accessCookie: string;
  allCookies: string;
  /** Nobody may accept it in a request that begins at this time or later. */
  refusedFrom: number;
}

/**
 * Presents revoked and honest credentials to every instance again and again, and notes each answer that must not be:
 * a revoked one accepted, an honest one refused, or what `faultsOf` names.
 */
export class Watch {
  /** What an honest visitor may notice while a fault lasts, as 503 and as nothing else. */
  forgives: Forgiveness = "nothing";

  /** Each with what the instance has logged the first time. */
  private readonly noted = new Map<string, string>();
  private readonly revoked: Revoked[] = [];
  private readonly honest: Visitor[] = [];
  /** How many rounds of tokens are over. */
  private readonly rounds = new Map<Instance, number>();
  private readonly excused = new Set<Instance>();
  private readonly acceptedAt = new Map<Instance, number>();
  private isOver = false;
  private readonly loops: Promise<void>[];

  constructor(
    private readonly instances: readonly Instance[],
    private readonly boundMs: number,
  ) {
    // Apart, because what reads a session may have to wait for Postgres.
    this.loops = instances.flatMap((instance) => [
      this.repeat(instance, () => this.presentTokens(instance)),
      this.repeat(instance, () => this.presentSessions(instance)),
    ]);
  }

  /** These go on being signed in, with the cookies they hold now or get later. */
  addHonest(...visitors: Visitor[]): void {
    this.honest.push(...visitors);
  }

  /**
   * To be called when the revocation's answer is there, with the cookies the visitor held before it.
   * `isTokenOnly`: the access token was revoked, and its session goes on.
   */
  addRevoked(label: string, visitor: Visitor, cookies: string, { isTokenOnly = false } = {}): void {
    const [accessCookie = ""] = cookies.split("; ").filter((pair) => pair.startsWith(`${ACCESS_COOKIE}=`));
    this.revoked.push({
      label,
      visitor,
      accessCookie,
      allCookies: isTokenOnly ? accessCookie : cookies,
      refusedFrom: performance.now() + this.boundMs,
    });
  }

  /** An instance that is about to be killed is asked no more. */
  excuse(instance: Instance): void {
    this.excused.add(instance);
  }

  readmit(instance: Instance): void {
    this.excused.delete(instance);
  }

  /** A request of a visitor that keeps the same rules as the watch's own. */
  async ask(
    visitor: Visitor,
    instance: Instance,
    method: string,
    path: string,
    options: RequestOptions = {},
  ): Promise<Answer> {
    const begunAt = performance.now();
    const answer = await visitor.request(instance, method, path, options);
    this.note(`${method} ${path}`, instance, faultsOf(answer, performance.now() - begunAt), answer);
    return answer;
  }

  /** Resolves when every token has been presented so many times at every instance, in rounds that began after this call. */
  async untilRounds(count: number): Promise<void> {
    // The round that is under way does not count.
    const last = new Map(this.present.map((instance) => [instance, this.roundsAt(instance) + count + 1]));
    const isOver = (instance: Instance) => this.roundsAt(instance) >= (last.get(instance) ?? 0);
    while (!this.present.every(isOver)) await pause(PAUSE_MS);
  }

  /** Resolves when everything that is revoked has been presented at every instance, which had to refuse it by then. */
  async untilTried(): Promise<void> {
    const refusedFrom = Math.max(...this.revoked.map((revoked) => revoked.refusedFrom));
    while (performance.now() < refusedFrom) await pause(PAUSE_MS);
    await this.untilRounds(1);
  }

  /** Ends the watch. What it has noted, and nothing if all was well. */
  async end(): Promise<string[]> {
    this.isOver = true;
    await Promise.all(this.loops);
    return [...this.noted].map(([fault, log]) => `${fault}\n${log}`.trim());
  }

  private get present(): Instance[] {
    return this.instances.filter((instance) => !this.excused.has(instance));
  }

  private roundsAt(instance: Instance): number {
    return this.rounds.get(instance) ?? 0;
  }

  private async repeat(instance: Instance, round: () => Promise<void>): Promise<void> {
    while (!this.isOver) {
      if (!this.excused.has(instance)) await round();
      await pause(PAUSE_MS);
    }
  }

  private async presentTokens(instance: Instance): Promise<void> {
    await Promise.all([
      ...this.revoked.map((revoked) =>
        this.presentRevoked(instance, revoked, ADMIN_ONLY, revoked.accessCookie),
      ),
      ...this.honest.map((visitor) => this.presentToken(instance, visitor)),
    ]);
    this.rounds.set(instance, this.roundsAt(instance) + 1);
  }

  private async presentSessions(instance: Instance): Promise<void> {
    await Promise.all([
      ...this.revoked.map((revoked) =>
        this.presentRevoked(instance, revoked, NEEDS_SESSION, revoked.allCookies),
      ),
      ...this.honest.map((visitor) => this.presentSession(instance, visitor)),
    ]);
  }

  private async presentRevoked(instance: Instance, revoked: Revoked, path: string, cookie: string) {
    const begunAt = performance.now();
    const answer = await this.send(instance, revoked.visitor, path, cookie);
    if (answer === null || begunAt < revoked.refusedFrom) return;
    const isAccepted = answer.status === 403 || answer.status < 300;
    if (isAccepted) this.note(revoked.label, instance, [`REVOKED AND ACCEPTED: ${answer.status}`]);
    const isRenewed = answer.setCookies.some((line) => !/=;/.test(line));
    if (isRenewed) this.note(revoked.label, instance, ["REVOKED AND RENEWED"]);
  }

  private async presentToken(instance: Instance, visitor: Visitor): Promise<void> {
    // A fault may begin or end while an answer is on its way.
    const forgiven = [this.forgives];
    const begunAt = performance.now();
    const answer = await this.send(instance, visitor, ADMIN_ONLY, visitor.cookieHeader);
    forgiven.push(this.forgives);
    if (answer?.status === 403) this.acceptedAt.set(instance, performance.now());
    const isBrief = begunAt - (this.acceptedAt.get(instance) ?? begunAt) < MAX_GAP_MS;
    const mayFail = forgiven.includes("tokens") || (forgiven.includes("sessions") && isBrief);
    this.expectStatus("an honest token", instance, answer, 403, mayFail);
  }

  private async presentSession(instance: Instance, visitor: Visitor): Promise<void> {
    const forgiven = [this.forgives];
    const answer = await this.send(instance, visitor, NEEDS_SESSION, visitor.cookieHeader);
    forgiven.push(this.forgives);
    const mayFail = forgiven.some((what) => what !== "nothing");
    this.expectStatus("an honest session", instance, answer, 200, mayFail);
  }

  private expectStatus(
    label: string,
    instance: Instance,
    answer: Answer | null,
    expected: number,
    mayBeUnavailable: boolean,
  ): void {
    if (answer === null || answer.status === expected || (mayBeUnavailable && answer.status === 503)) return;
    this.note(label, instance, [`answered ${answer.status}`], answer);
  }

  /** Null: the instance was about to be killed. The visitor's own cookies stay as they are. */
  private async send(instance: Instance, visitor: Visitor, path: string, cookie: string) {
    const begunAt = performance.now();
    try {
      const answer = await instance.request("GET", path, visitor.options(instance, { cookie }));
      this.note(`GET ${path}`, instance, faultsOf(answer, performance.now() - begunAt), answer);
      return answer;
    } catch (error) {
      if (!this.excused.has(instance)) this.note(`GET ${path}`, instance, [String(error)]);
      return null;
    }
  }

  private note(what: string, instance: Instance, faults: readonly string[], answer?: Answer): void {
    const place = `instance ${this.instances.indexOf(instance)}`;
    for (const fault of faults) {
      const known = `${what} at ${place}: ${fault}`;
      if (!this.noted.has(known)) this.noted.set(known, answer === undefined ? "" : logged(instance, answer));
    }
  }
}

/** A valid token is all that it needs to be refused with 403: a person who is no administrator. */
const ADMIN_ONLY = "/api/admin/sessions";
/** Reads the session's row. */
const NEEDS_SESSION = "/api/auth/session";

/** Runs the test's body under a watch, and fails for whatever that has noted. */
export async function whileWatched(
  instances: readonly Instance[],
  boundMs: number,
  body: (watch: Watch) => Promise<void>,
): Promise<void> {
  const watch = new Watch(instances, boundMs);
  try {
    await body(watch);
  } finally {
    expect.soft(await watch.end()).toEqual([]);
  }
}
