import { expect } from "vitest";
import type { Instance } from "../../support/cluster";
import { Visitor } from "../../support/visitor";
import { expectToGoOn, newcomer } from "./cast";
import type { Scene } from "./scene";
import type { Watch } from "./watch";

const PATIENCE_MS = 20_000;

/** Postgres is gone before the refresh has reached it: the same cookies renew the session once it is back. */
export async function loseTheRequest(scene: Scene, watch: Watch): Promise<void> {
  for (const [index, here] of scene.cluster.instances.entries()) {
    const visitor = await newcomer(scene, watch, here);
    const before = await generationOf(scene, visitor);
    const lost = scene.postgres.links[index]?.refuseAt(new RegExp(visitor.sessionId));
    await expectUnavailable(watch, visitor, here);
    await lost;
    expect(await generationOf(scene, visitor)).toBe(before);
    await scene.heal();
    await untilRefreshed(watch, visitor, here);
    expect(await generationOf(scene, visitor)).toBe(before + 1);
    await expectToGoOn(scene, [visitor]);
  }
}

/** Postgres has done it and is gone before its answer: the token that was never received costs nobody the session. */
export async function loseTheAnswer(scene: Scene, watch: Watch): Promise<void> {
  for (const [index, here] of scene.cluster.instances.entries()) {
    for (const outage of ["a moment", "five minutes"]) {
      const visitor = await newcomer(scene, watch, here);
      const before = await generationOf(scene, visitor);
      const committed = new RegExp(`${visitor.sessionId}[^]*UPDATE 1\0`);
      const lost = scene.postgres.links[index]?.refuseAtAnswer(committed);
      await expectUnavailable(watch, visitor, here);
      await lost;
      expect(await generationOf(scene, visitor)).toBe(before + 1);
      if (outage === "five minutes") await makeOlder(scene, visitor);
      await scene.heal();
      await untilRefreshed(watch, visitor, scene.cluster.instance(index + 1));
      await expectToGoOn(scene, [visitor]);
    }
  }
}

const VISITORS = 6;
const REFRESHES_BEFORE = 20;

/** Each visitor refreshes without a pause, until it is told 503. Postgres breaks in the middle of it. */
export async function breakUnderRefreshes(
  scene: Scene,
  watch: Watch,
  breakPostgres: () => Promise<void>,
): Promise<void> {
  const { cluster } = scene;
  const visitors: Visitor[] = [];
  while (visitors.length < VISITORS)
    visitors.push(await newcomer(scene, watch, cluster.instance(visitors.length)));
  let done = 0;
  const storms = visitors.map(async (visitor, index) => {
    for (let turn = index; ; turn += 1) {
      const { status } = await watch.ask(visitor, cluster.instance(turn), "POST", "/api/auth/refresh");
      expect([200, 503]).toContain(status);
      if (status === 503) return;
      done += 1;
    }
  });
  const storm = Promise.all(storms);
  storm.catch(() => {});
  await expect.poll(() => done, { interval: 1 }).toBeGreaterThan(REFRESHES_BEFORE);
  await breakPostgres();
  await storm;
  await scene.heal();
  for (const [index, visitor] of visitors.entries())
    await untilRefreshed(watch, visitor, cluster.instance(index));
  await expectToGoOn(scene, visitors);
}

/** More than an instance has connections to the database. */
const MANY = 15;

/**
 * Postgres falls silent in the middle of a sign-in, which is a transaction, until it is given up. What is acknowledged
 * afterwards is there for everybody: none of it is written into that transaction.
 */
export async function hangInTransaction(scene: Scene, watch: Watch): Promise<void> {
  const here = scene.cluster.instance(0);
  const visitors = await Promise.all(Array.from({ length: MANY }, () => newcomer(scene, watch, here)));
  const [{ person }] = visitors as [Visitor];
  const hung = scene.postgres.links[0]?.hangAt(/insert into \S*sessions/i);
  const answer = await watch.ask(new Visitor(person), here, "POST", "/api/auth/login", { body: person });
  expect(answer.status, answer.body).toBe(503);
  await hung;
  await scene.heal();
  await untilRefreshed(watch, visitors[0] as Visitor, here);
  const before = await generationsOf(scene, visitors);
  await Promise.all(visitors.map((visitor) => untilRefreshed(watch, visitor, here)));
  expect(await generationsOf(scene, visitors)).toEqual(before.map((generation) => generation + 1));
}

async function expectUnavailable(watch: Watch, visitor: Visitor, here: Instance): Promise<void> {
  const held = visitor.cookieHeader;
  const answer = await watch.ask(visitor, here, "POST", "/api/auth/refresh");
  expect(answer.status, answer.body).toBe(503);
  expect(visitor.cookieHeader).toBe(held);
}

/** Tries as a browser does: with the cookies it has, until it is no longer told to wait. */
async function untilRefreshed(watch: Watch, visitor: Visitor, here: Instance): Promise<void> {
  const statuses = new Set<number>();
  const refresh = async () => {
    const { status } = await watch.ask(visitor, here, "POST", "/api/auth/refresh");
    statuses.add(status);
    return status;
  };
  await expect.poll(refresh, { timeout: PATIENCE_MS, interval: 50 }).toBe(200);
  expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
}

async function generationOf({ cluster }: Scene, { sessionId }: Visitor): Promise<number> {
  const select = "SELECT generation FROM sessions WHERE id = $1";
  const [row] = await cluster.sql<{ generation: number }>(select, [sessionId]);
  return row?.generation ?? -1;
}

function generationsOf(scene: Scene, visitors: readonly Visitor[]): Promise<number[]> {
  return Promise.all(visitors.map((visitor) => generationOf(scene, visitor)));
}

/** As if the outage had lasted so long. */
async function makeOlder({ cluster }: Scene, { sessionId }: Visitor): Promise<void> {
  const update = `UPDATE sessions SET rotated_at = rotated_at - interval '5 minutes',
    acknowledged_at = acknowledged_at - interval '5 minutes' WHERE id = $1`;
  await cluster.sql(update, [sessionId]);
}
