import { expect, test } from "vitest";
import type { Visitor } from "../../support/visitor";
import { newcomer, takeBack } from "../support/cast";
import { readiness, untilCircuit } from "../support/health";
import { rideThroughOutage, untilClosed, untilUnavailable } from "../support/outage";
import { bringUp, type Scene, takeDown } from "../support/scene";
import type { Watch } from "../support/watch";

const CLOSED = { denylistAnswers: false };

/** Nobody who knows what is revoked can be asked. */
export function bothRows(scene: () => Scene): void {
  const closed = async (watch: Watch, visitor: Visitor) => {
    await untilUnavailable(scene().cluster.instances, CLOSED);
    await untilClosed(scene().cluster.instances, watch, [visitor]);
    await watch.untilTried();
  };

  test("both down", () =>
    rideThroughOutage(scene(), { tokensGoOn: false }, async (watch) => {
      const visitor = await newcomer(scene(), watch, scene().cluster.instance(0));
      await takeDown(scene().postgres);
      await takeDown(scene().redis);
      await closed(watch, visitor);
      // It is back with nothing in it, and nobody can fill it.
      await bringUp(scene().redis);
      await untilCircuit(scene().cluster.instances, "closed");
      await closed(watch, visitor);
    }));

  test("both down, Redis back with an old snapshot", () =>
    rideThroughOutage(scene(), { tokensGoOn: false }, async (watch, cast) => {
      const { instances } = scene().cluster;
      const visitor = await newcomer(scene(), watch, scene().cluster.instance(0));
      const leaving = await newcomer(scene(), watch, scene().cluster.instance(0));
      await scene().redis.server.command("SAVE");
      await takeBack(watch, leaving, cast.admin, scene().cluster.instance(0), "token");
      await takeDown(scene().postgres);
      await takeDown(scene().redis);
      await bringUp(scene().redis);
      await scene().redis.server.forget();
      await untilCircuit(instances, "closed");
      await watch.untilTried();
      await untilClosed(instances, watch, [visitor]);
    }));

  test("Redis flushed while Postgres is down", () =>
    rideThroughOutage(scene(), { tokensGoOn: false }, async (watch) => {
      const visitor = await newcomer(scene(), watch, scene().cluster.instance(0));
      await takeDown(scene().postgres);
      await untilUnavailable(scene().cluster.instances, { denylistAnswers: true });
      await scene().redis.server.flush();
      await closed(watch, visitor);
    }));

  test("one instance cut off from both", () =>
    rideThroughOutage(scene(), { tokensGoOn: false }, async (watch) => {
      const [alone, other] = [scene().cluster.instance(0), scene().cluster.instance(1)];
      const visitor = await newcomer(scene(), watch, alone);
      await scene().redis.links[0]?.hang();
      await scene().postgres.links[0]?.hang();
      await untilUnavailable([alone], CLOSED);
      await untilClosed([alone], watch, [visitor]);
      expect((await readiness(other)).status).toBe("ok");
      expect(await visitor.session(other)).toBe(200);
    }));
}
