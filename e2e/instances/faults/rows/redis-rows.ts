import { expect, test } from "vitest";
import { expectAllToWork, expectToGoOn, gather, signUpAndRevoke } from "../support/cast";
import { DEGRADED, metric, untilCircuit, untilReadyz, WELL } from "../support/health";
import { bringUp, type Scene, takeDown } from "../support/scene";
import { whileWatched } from "../support/watch";

/** Redis is looked at again this often; a little more. */
const POLICY_PATIENCE_MS = 45_000;

const DENIALS = "latchkey:denied:*";
const MARKER = "latchkey:denylist:filled";

/** Redis breaks, and Postgres answers. */
export function redisRows(scene: () => Scene): void {
  test("Redis down", () => rideThrough(scene(), () => takeDown(scene().redis)));

  test("Redis slow by 2 s", () =>
    rideThrough(scene(), async () => {
      for (const link of scene().redis.links) await link.delay(1_000);
    }));

  test("Redis flushed", () => rideThroughFlushes(scene()));

  test("Redis back with an old snapshot", () => rideThroughOldSnapshot(scene()));

  test("one instance cut off from Redis", () => rideThroughPartition(scene()));
}

export function redisPausedRow(scene: () => Scene): void {
  test("Redis paused", () => rideThrough(scene(), () => scene().redis.server.pause()));
}

/** Takes as long as the instances take to look at the setting again. */
export function evictionRow(scene: () => Scene): void {
  test("Redis starts to evict later", () => rideThroughEviction(scene()));
}

/** All goes on while Redis cannot be asked, and after. */
function rideThrough(scene: Scene, breakRedis: () => Promise<void>): Promise<void> {
  const { instances } = scene.cluster;
  return whileWatched(instances, scene.boundMs, async (watch) => {
    await untilReadyz(instances, WELL);
    const cast = await gather(scene, watch);
    await breakRedis();
    await untilReadyz(instances, DEGRADED);
    await untilCircuit(instances, "open");
    await expectAllToWork(scene, watch, cast);
    await untilReadyz(instances, DEGRADED);
    await scene.heal();
    await untilReadyz(instances, WELL);
    await untilCircuit(instances, "closed");
    await expectAllToWork(scene, watch, cast);
    await expectToGoOn(scene, cast.honest);
  });
}

function rideThroughFlushes(scene: Scene): Promise<void> {
  const { cluster, redis } = scene;
  return whileWatched(cluster.instances, scene.boundMs, async (watch) => {
    await untilReadyz(cluster.instances, WELL);
    const cast = await gather(scene, watch);
    for (const [index, way] of (["log-out", "session", "token", "log-out"] as const).entries()) {
      await redis.server.flush();
      await watch.untilRounds(2);
      await redis.server.flush();
      await signUpAndRevoke(scene, watch, cast.admin, cluster.instance(index), way);
    }
    await watch.untilTried();
    await expect.poll(() => redis.server.command("EXISTS", MARKER)).toBe(1);
    await untilReadyz(cluster.instances, WELL);
    await expectAllToWork(scene, watch, cast);
    await expectToGoOn(scene, cast.honest);
  });
}

/** Redis believes itself complete, and has forgotten what was revoked since. */
function rideThroughOldSnapshot(scene: Scene): Promise<void> {
  const { cluster, redis } = scene;
  return whileWatched(cluster.instances, scene.boundMs, async (watch) => {
    await untilReadyz(cluster.instances, WELL);
    const cast = await gather(scene, watch);
    await redis.server.command("SAVE");
    for (const [index, way] of (["session", "token", "log-out"] as const).entries()) {
      await signUpAndRevoke(scene, watch, cast.admin, cluster.instance(index), way);
      await redis.server.kill();
      await bringUp(redis);
    }
    await redis.server.forget();
    await watch.untilTried();
    await untilReadyz(cluster.instances, WELL);
    await expectAllToWork(scene, watch, cast);
    await expectToGoOn(scene, cast.honest);
  });
}

const CUTS = [
  { cut: "hang", way: "token" },
  { cut: "refuse", way: "log-out" },
] as const;

/** What it revokes is refused by the others from its answer on, and the other way round. */
function rideThroughPartition(scene: Scene): Promise<void> {
  const { cluster, redis } = scene;
  const [alone, other] = [cluster.instance(0), cluster.instance(1)];
  return whileWatched(cluster.instances, scene.boundMs, async (watch) => {
    await untilReadyz(cluster.instances, WELL);
    const cast = await gather(scene, watch);
    for (const { cut, way } of CUTS) {
      await redis.links[0]?.[cut]();
      // Before the instance can have noticed.
      await signUpAndRevoke(scene, watch, cast.admin, alone, "session");
      await untilReadyz([alone], DEGRADED);
      await untilReadyz([other], WELL);
      await signUpAndRevoke(scene, watch, cast.admin, alone, way);
      await signUpAndRevoke(scene, watch, cast.admin, other, way);
      await watch.untilTried();
      await scene.heal();
      await untilReadyz(cluster.instances, WELL);
      await watch.untilTried();
    }
    await expectAllToWork(scene, watch, cast);
    await expectToGoOn(scene, cast.honest);
  });
}

/** Denials are gone from Redis, while what says that it is complete stays. */
function rideThroughEviction(scene: Scene): Promise<void> {
  const { cluster, redis } = scene;
  return whileWatched(cluster.instances, scene.boundMs, async (watch) => {
    await untilReadyz(cluster.instances, WELL);
    const cast = await gather(scene, watch);
    await redis.server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    await evict(scene);
    await expectAllToWork(scene, watch, cast);
    await evict(scene);
    await untilReadyz(cluster.instances, DEGRADED, POLICY_PATIENCE_MS);
    await evict(scene);
    await expectAllToWork(scene, watch, cast);
    await redis.server.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
    await untilReadyz(cluster.instances, WELL, POLICY_PATIENCE_MS);
    await expectAllToWork(scene, watch, cast);
    await expectToGoOn(scene, cast.honest);
  });
}

/** Once every instance has heard of all of them: none that old is left to Redis alone. */
async function evict({ cluster, redis }: Scene): Promise<void> {
  const [row] = await cluster.sql<{ count: number }>("SELECT count(*)::int FROM denials");
  const known = () =>
    Promise.all(cluster.instances.map((instance) => metric(instance, "latchkey_denylist_entries")));
  await expect.poll(known).toEqual(cluster.instances.map(() => row?.count));
  const keys = (await redis.server.command("KEYS", DENIALS)) as string[];
  if (keys.length > 0) await redis.server.command("DEL", ...keys);
}
