import { afterAll, beforeAll, expect, test } from "vitest";
import { freshRedis, type TestRedis } from "../support/fresh-redis";
import { type Answer, type Cluster, startCluster } from "./support/cluster";
import { printFigures } from "./support/figures";
import { generationOf } from "./support/refresh-generation";
import { seededRandom } from "./support/seeded-random";
import { REFRESH_COOKIE, setCookie, signedIn, type Visitor } from "./support/visitor";

/** Fifty tabs of one browser wake at once, over and over, behind a network that loses a tenth of all answers. */
const SESSIONS = 10;
const ROUNDS_PER_SESSION = 20;
const TABS = 50;
const LOST = 0.1;
const FURTHER_REPLAYS = 60;
const STORM = { timeout: 300_000 };

const REFRESH = ["POST", "/api/auth/refresh"] as const;

const random = seededRandom(20_261_124);
const counts = { refreshes: 0, lost: 0, replays: 0, found: 0 };
let redis: TestRedis;
let cluster: Cluster;

beforeAll(async () => {
  redis = await freshRedis();
  cluster = await startCluster({ count: 3, redisUrl: redis.url });
});

afterAll(async () => {
  await cluster.stop();
  await redis.close();
});

const anyIndex = () => Math.floor(random() * cluster.instances.length);
const anyInstance = () => cluster.instance(anyIndex());

/** Null when the client loses the answer. */
async function refreshInTab(visitor: Visitor, index: number, isLost: boolean): Promise<Answer | null> {
  const instance = cluster.instance(index);
  const options = visitor.options(instance);
  counts.refreshes += 1;
  if (!isLost) return instance.request(...REFRESH, options);
  counts.lost += 1;
  await instance.requestAndLose(...REFRESH, options);
  return null;
}

/** All tabs refresh with the one token that the browser holds, and those that hear nothing ask again. */
async function storm(visitor: Visitor): Promise<Answer[]> {
  const losses = Array.from({ length: TABS }, () => random() < LOST);
  const heard = await Promise.all(losses.map((isLost, index) => refreshInTab(visitor, index, isLost)));
  const again = losses.filter((isLost) => isLost).map(() => refreshInTab(visitor, anyIndex(), false));
  return [...heard, ...(await Promise.all(again))].filter((answer) => answer !== null);
}

/** One branch: whoever was answered holds the same token, of the next generation. */
function expectOneBranch(answers: Answer[], held: string): void {
  const statuses = new Set(answers.map(({ status }) => status));
  const successors = [...new Set(answers.map((answer) => setCookie(answer, REFRESH_COOKIE)))];
  expect([...statuses], "statuses").toEqual([200]);
  expect(successors, "one successor").toHaveLength(1);
  expect(generationOf(successors[0] ?? "")).toBe(generationOf(held) + 1);
}

/** Each replay is refused; afterwards the session is over for everybody, everywhere, and it is on record once. */
async function expectFound(visitor: Visitor, replays: Promise<Answer>[]): Promise<void> {
  for (const answer of await Promise.all(replays)) {
    counts.replays += 1;
    expect(answer.status).toBe(401);
    expect(answer.json()).toMatchObject({ code: "invalid_refresh_token" });
    counts.found += 1;
  }
  for (const instance of cluster.instances) {
    const { access = "", refreshToken = "" } = visitor;
    const asked = await instance.request("GET", "/api/auth/session", { bearer: access });
    expect(asked.status, "access token").toBe(401);
    const refreshed = await instance.request(...REFRESH, visitor.options(instance, cookieOf(refreshToken)));
    expect(refreshed.status, "refresh token").toBe(401);
  }
  expect(await audited(visitor)).toEqual([{ type: "refresh_token.reuse_detected" }]);
}

const audited = (visitor: Visitor) =>
  cluster.sql("SELECT type FROM audit_events WHERE session_id = $1 AND type LIKE 'refresh_token.%'", [
    visitor.sessionId,
  ]);

const cookieOf = (refreshToken: string) => ({ cookie: `${REFRESH_COOKIE}=${refreshToken}` });

function replay(visitor: Visitor, refreshToken: string, index = anyIndex()): Promise<Answer> {
  const instance = cluster.instance(index);
  return instance.request(...REFRESH, visitor.options(instance, cookieOf(refreshToken)));
}

test(
  "a storm of refreshes logs nobody out and makes one branch; a replay after it is found",
  STORM,
  async () => {
    const began = performance.now();
    for (let session = 0; session < SESSIONS; session += 1) {
      const visitor = await signedIn(anyInstance());
      const held: string[] = [];
      for (let round = 0; round < ROUNDS_PER_SESSION; round += 1) {
        const presented = visitor.refreshToken ?? "";
        held.push(presented);
        const answers = await storm(visitor);
        expectOneBranch(answers, presented);
        for (const answer of answers) visitor.keepCookies(answer);
        expect(await visitor.session(anyInstance()), "the access token of the new generation").toBe(200);
      }
      expect(await audited(visitor), "no alarm").toEqual([]);
      const older = held[Math.floor(random() * (held.length - 1))] ?? "";
      await expectFound(visitor, [replay(visitor, older)]);
    }
    report("storm", began);
  },
);

test("every replay of an older token is found, at one instance or at all of them at once", async () => {
  const began = performance.now();
  for (let index = 0; index < FURTHER_REPLAYS; index += 1) {
    const visitor = await signedIn(anyInstance());
    const stolen = visitor.refreshToken ?? "";
    await visitor.refresh(anyInstance());
    await visitor.refresh(anyInstance());
    const thieves = index % 2 === 0 ? [anyIndex()] : [0, 1, 2];
    await expectFound(
      visitor,
      thieves.map((at) => replay(visitor, stolen, at)),
    );
  }
  report("replays of an older token", began);
});

test("every replay of the previous token, once its successor is in use and the overlap is over, is found", async () => {
  const began = performance.now();
  for (let index = 0; index < FURTHER_REPLAYS; index += 1) {
    const visitor = await signedIn(anyInstance());
    const stolen = visitor.refreshToken ?? "";
    await visitor.refresh(anyInstance());
    expect(await visitor.session(anyInstance())).toBe(200);
    await pass31Seconds(visitor);
    const thieves = index % 2 === 0 ? [anyIndex()] : [0, 1, 2];
    await expectFound(
      visitor,
      thieves.map((at) => replay(visitor, stolen, at)),
    );
  }
  report("replays of the previous token", began);
});

test("when every answer of a round is lost, the browser goes on with what it holds", async () => {
  const visitor = await signedIn(anyInstance());
  for (let round = 0; round < ROUNDS_PER_SESSION; round += 1) {
    const presented = visitor.refreshToken ?? "";
    await Promise.all(Array.from({ length: TABS }, (_, index) => refreshInTab(visitor, index, true)));
    // The bound of one recovery in twenty generations lets the first round be retried late, the others at once.
    if (round === 0) await pass31Seconds(visitor);
    const answer = await visitor.refresh(anyInstance());
    expectOneBranch([answer], presented);
  }
  expect(await audited(visitor)).toEqual([{ type: "refresh_token.recovered" }]);
});

test("tabs that leave before they are answered cost the browser nothing", async () => {
  for (let index = 0; index < SESSIONS; index += 1) {
    const visitor = await signedIn(anyInstance());
    const presented = visitor.refreshToken ?? "";
    const tabs = Array.from({ length: TABS }, (_, at) => {
      const instance = cluster.instance(at);
      return instance.requestAndLeave(...REFRESH, visitor.options(instance));
    });
    await Promise.all(tabs);
    expectOneBranch([await visitor.refresh(anyInstance())], presented);
    for (const instance of cluster.instances) expect(await visitor.session(instance)).toBe(200);
    expect(await audited(visitor), "no alarm").toEqual([]);
  }
});

/** The session's past moves, because the instances' clocks cannot be moved from outside. */
const pass31Seconds = (visitor: Visitor) =>
  cluster.sql(
    `UPDATE sessions SET rotated_at = rotated_at - interval '31 s', acknowledged_at = acknowledged_at - interval '31 s'
     WHERE id = $1`,
    [visitor.sessionId],
  );

function report(what: string, began: number): void {
  const seconds = (performance.now() - began) / 1000;
  printFigures(`${what}: ${JSON.stringify(counts)} after ${seconds.toFixed(1)} s`);
}
