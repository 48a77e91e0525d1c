import { test } from "vitest";
import { newcomer, takeBack } from "../support/cast";
import { untilReadyz, WELL } from "../support/health";
import {
  breakUnderRefreshes,
  hangInTransaction,
  loseTheAnswer,
  loseTheRequest,
} from "../support/lost-refreshes";
import { expectNothingWritten, rideThroughOutage, untilClosed, untilUnavailable } from "../support/outage";
import { type Scene, takeDown } from "../support/scene";

/** A valid token is accepted where Redis can be asked. */
const goesOn = (scene: Scene) => ({ tokensGoOn: scene.hasRedis });

/** Nothing can be written. */
export function postgresDownRow(scene: () => Scene): void {
  test("Postgres down before a refresh", () => goWithout(scene(), () => takeDown(scene().postgres)));
}

export function postgresPausedRow(scene: () => Scene): void {
  test("Postgres paused before a refresh", () => goWithout(scene(), () => scene().postgres.server.pause()));
}

function goWithout(scene: Scene, breakPostgres: () => Promise<void>): Promise<void> {
  const { instances } = scene.cluster;
  return rideThroughOutage(scene, goesOn(scene), async (watch, cast) => {
    await breakPostgres();
    await untilUnavailable(instances, { denylistAnswers: scene.hasRedis });
    await Promise.all(instances.map((instance) => expectNothingWritten(instance, watch, cast)));
    if (!scene.hasRedis) await untilClosed(instances, watch, cast.honest);
    await watch.untilTried();
    await untilUnavailable(instances, { denylistAnswers: scene.hasRedis });
  });
}

/** Postgres breaks between a refresh and its answer: nobody's session is lost. */
export function lostRefreshRows(scene: () => Scene): void {
  test("Postgres down during a refresh", () =>
    rideThroughOutage(scene(), goesOn(scene()), (watch) => loseTheRequest(scene(), watch)));

  test.each([
    ["stopped", () => scene().postgres.server.stop()],
    ["killed", () => takeDown(scene().postgres)],
    ["paused", () => scene().postgres.server.pause()],
  ])("Postgres %s in the middle of many refreshes", (_, breakPostgres) =>
    rideThroughOutage(scene(), goesOn(scene()), (watch) =>
      breakUnderRefreshes(scene(), watch, breakPostgres),
    ),
  );

  test("Postgres silent in the middle of a sign-in", () =>
    rideThroughOutage(scene(), goesOn(scene()), (watch) => hangInTransaction(scene(), watch)));

  test("Postgres down after a refresh", () =>
    rideThroughOutage(scene(), goesOn(scene()), (watch) => loseTheAnswer(scene(), watch)));
}

export function postgresPartitionRow(scene: () => Scene): void {
  test("one instance cut off from Postgres", () =>
    rideThroughOutage(scene(), goesOn(scene()), async (watch, cast) => {
      const [alone, other] = [scene().cluster.instance(0), scene().cluster.instance(1)];
      const leaving = [await newcomer(scene(), watch, alone), await newcomer(scene(), watch, other)];
      await scene().postgres.links[0]?.hang();
      await untilUnavailable([alone], { denylistAnswers: scene().hasRedis });
      await untilReadyz([other], WELL);
      await expectNothingWritten(alone, watch, cast);
      for (const visitor of leaving) await takeBack(watch, visitor, cast.admin, other, "session");
      await watch.untilTried();
    }));
}
