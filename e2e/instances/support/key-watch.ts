import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import type { Instance, RequestOptions } from "./cluster";
import { JWKS_PATH } from "./jwks-verifiers";
import { ACCESS_COOKIE } from "./visitor";

/** Leaves the processor to the instances. */
const PAUSE_MS = 50;

interface Asked {
  by: Instance;
  /** `performance.now()`. */
  sentAt: number;
}

/** Presents the tokens of one key to every instance and reads every JWKS, again and again. */
export class KeyWatch {
  /** With the status of the answer, or why there was none. */
  readonly presented: (Asked & { status: number | string })[] = [];
  readonly published: (Asked & { isThere: boolean })[] = [];
  private isOver = false;
  private readonly rounds: number[] = [];
  private readonly loops: Promise<void>[];

  /** `tokens`: those that the key has signed so far. */
  constructor(
    private readonly instances: readonly Instance[],
    private readonly kid: string,
    private readonly tokens: () => readonly { text: string }[],
  ) {
    this.loops = instances.flatMap((instance) => [
      this.repeat((turn) => this.present(instance, { bearer: this.token(turn) })),
      this.repeat((turn) => this.present(instance, { cookie: `${ACCESS_COOKIE}=${this.token(turn)}` })),
      this.repeat(() => this.readJwks(instance)),
    ]);
  }

  /** Resolves when everything has been asked of everybody since. */
  async untilRoundIsOver(): Promise<void> {
    // The one that is under way does not count.
    const last = this.rounds.map((rounds) => rounds + 2);
    while (this.rounds.some((rounds, index) => rounds < (last[index] ?? 0))) await pause(PAUSE_MS);
  }

  /** Resolves when no JWKS has the key any more. */
  async untilUnpublished(): Promise<void> {
    const latest = (instance: Instance) => this.published.findLast(({ by }) => by === instance);
    const isThere = () => this.instances.some((instance) => latest(instance)?.isThere !== false);
    await expect.poll(isThere).toBe(false);
  }

  /** Ends the watch; the same at a second call. */
  async end(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.loops);
  }

  private async repeat(round: (turn: number) => Promise<void>): Promise<void> {
    const index = this.rounds.push(0) - 1;
    for (let turn = 0; !this.isOver; turn += 1) {
      await round(turn);
      this.rounds[index] = turn + 1;
      await pause(PAUSE_MS);
    }
  }

  /** The newest and each of the others in turn. */
  private token(turn: number): string {
    const tokens = this.tokens();
    return tokens.at(turn % 2 === 0 ? -1 : turn % tokens.length)?.text ?? "";
  }

  /** By a route that does not look at the token's own session in the database. */
  private async present(instance: Instance, token: RequestOptions): Promise<void> {
    const sentAt = performance.now();
    const asked = instance.request("GET", "/api/sessions?limit=1", token);
    const status = await asked.then(
      (answer) => answer.status,
      (error: Error) => error.message,
    );
    this.presented.push({ by: instance, sentAt, status });
  }

  private async readJwks(instance: Instance): Promise<void> {
    const sentAt = performance.now();
    const body = await instance.request("GET", JWKS_PATH).then(
      (answer) => answer.body,
      () => "",
    );
    this.published.push({ by: instance, sentAt, isThere: body.includes(this.kid) });
  }
}
