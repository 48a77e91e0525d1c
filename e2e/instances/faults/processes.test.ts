import { describe, expect, test } from "vitest";
import type { Instance } from "../support/cluster";
import { joined, type Visitor } from "../support/visitor";
import { expectAllToWork, expectToGoOn, gather, newcomer } from "./support/cast";
import { untilReadyz, WELL } from "./support/health";
import { type Scene, sceneOfFile } from "./support/scene";
import { type Watch, whileWatched } from "./support/watch";

const VISITORS = 8;
const TABS = 3;
const ROUNDS_BETWEEN = 40;

const currentScene = sceneOfFile({ instances: 3 });

describe("When things fail", () => {
  test("an instance killed in the middle of a refresh storm", () => {
    const scene = currentScene();
    const { instances } = scene.cluster;
    return whileWatched(instances, scene.boundMs, async (watch) => {
      const cast = await gather(scene, watch);
      const visitors = await manyNewcomers(scene, watch);
      const storm = startStorm(scene, visitors);
      await storm.untilRounds(ROUNDS_BETWEEN);
      const victim = scene.cluster.instance(0);
      watch.excuse(victim);
      storm.mayDie = victim;
      await victim.kill();
      await storm.untilRounds(ROUNDS_BETWEEN);
      await victim.restart();
      watch.readmit(victim);
      await storm.untilRounds(ROUNDS_BETWEEN);
      await storm.end();
      await untilReadyz(instances, WELL);
      await expectToGoOn(scene, [...visitors, ...cast.honest]);
      await expectAllToWork(scene, watch, cast);
    });
  });

  test("process killed: no acknowledged write is lost, and the others take over", () => {
    const scene = currentScene();
    const { cluster } = scene;
    const [victim, other] = [cluster.instance(0), cluster.instance(1)];
    return whileWatched(cluster.instances, scene.boundMs, async (watch) => {
      const cast = await gather(scene, watch);
      const [stayed, left] = await writeUntilKilled(victim, watch);
      expect(stayed.length + left.length).toBeGreaterThan(4);
      for (const visitor of stayed) expect(await visitor.session(other)).toBe(200);
      for (const cookie of left)
        expect((await other.request("GET", "/api/auth/session", { cookie })).status).toBe(401);
      await victim.restart();
      watch.readmit(victim);
      await untilReadyz(cluster.instances, WELL);
      await expectToGoOn(scene, [...stayed, ...cast.honest]);
    });
  });
});

async function manyNewcomers(scene: Scene, watch: Watch): Promise<Visitor[]> {
  const visitors: Visitor[] = [];
  while (visitors.length < VISITORS)
    visitors.push(await newcomer(scene, watch, scene.cluster.instance(visitors.length)));
  return visitors;
}

interface Storm {
  /** The one whose connections may fail. */
  mayDie: Instance | null;
  untilRounds(count: number): Promise<void>;
  /** Rejects with whatever an honest client met that it must not. */
  end(): Promise<void>;
}

/** Each visitor's tabs refresh at once, at different instances, again and again; who gets no answer goes on with what it has. */
function startStorm({ cluster }: Scene, visitors: readonly Visitor[]): Storm {
  let rounds = 0;
  let isOver = false;
  const storm: Storm = {
    mayDie: null,
    untilRounds: async (count) => {
      const until = rounds + count;
      await expect.poll(() => rounds, { timeout: 60_000, interval: 5 }).toBeGreaterThanOrEqual(until);
    },
    end: async () => {
      isOver = true;
      await all;
    },
  };
  const refresh = async (visitor: Visitor, instance: Instance) => {
    try {
      const { status, body } = await visitor.refresh(instance);
      expect(status, body).toBe(200);
    } catch (error) {
      const isDeath = error instanceof Error && "code" in error && instance === storm.mayDie;
      if (!isDeath) throw error;
    }
  };
  const all = Promise.all(
    visitors.map(async (visitor, index) => {
      for (let turn = index; !isOver; turn += 1) {
        const tabs = Array.from({ length: TABS }, (_, tab) => refresh(visitor, cluster.instance(turn + tab)));
        await Promise.all(tabs);
        rounds += 1;
      }
    }),
  );
  all.catch(() => {});
  return storm;
}

/** People join and leave at one instance until it is killed under them. What it has acknowledged is returned. */
async function writeUntilKilled(
  victim: Instance,
  watch: Watch,
): Promise<[stayed: Visitor[], leftWith: string[]]> {
  const stayed: Visitor[] = [];
  const leftWith: string[] = [];
  const write = async (turn: number): Promise<void> => {
    const visitor = await joined(victim);
    if (turn % 2 === 0) return void stayed.push(visitor);
    const held = visitor.cookieHeader;
    expect((await visitor.logOut(victim)).status).toBe(204);
    leftWith.push(held);
  };
  const writers = [0, 1, 2, 3].map(async (first) => {
    for (let turn = first; ; turn += 1) await write(turn);
  });
  const ends = writers.map((writer) => writer.catch((error: unknown) => error));
  await expect
    .poll(() => stayed.length + leftWith.length, { timeout: 20_000, interval: 1 })
    .toBeGreaterThan(8);
  watch.excuse(victim);
  await victim.kill();
  for (const error of await Promise.all(ends)) expect(error).toHaveProperty("code");
  return [stayed, leftWith];
}
