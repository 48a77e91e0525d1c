import { expect } from "vitest";
import type { Instance } from "../../support/cluster";
import { newPerson, REFRESH_COOKIE, Visitor } from "../../support/visitor";
import { type Cast, expectAllToWork, expectToGoOn, gather, revoke } from "./cast";
import { readiness, untilReadyz, WELL } from "./health";
import type { Scene } from "./scene";
import { type Watch, whileWatched } from "./watch";

const PATIENCE_MS = 20_000;

/**
 * Breaks Postgres (and perhaps more) with everybody signed in, and repairs it: then all works again and everybody goes
 * on. `tokensGoOn`: meanwhile a valid token is accepted at every instance.
 */
export function rideThroughOutage(
  scene: Scene,
  { tokensGoOn }: { tokensGoOn: boolean },
  outage: (watch: Watch, cast: Cast) => Promise<void>,
): Promise<void> {
  const { instances } = scene.cluster;
  return whileWatched(instances, scene.boundMs, async (watch) => {
    await untilReadyz(instances, WELL);
    const cast = await gather(scene, watch);
    watch.forgives = tokensGoOn ? "sessions" : "tokens";
    await outage(watch, cast);
    await scene.heal();
    await untilReadyz(instances, WELL);
    watch.forgives = "nothing";
    await expectAllToWork(scene, watch, cast);
    await expectToGoOn(scene, cast.honest);
  });
}

/** Resolves when /readyz says that the database cannot be asked, and whether the denylist can. */
export async function untilUnavailable(
  instances: readonly Instance[],
  { denylistAnswers }: { denylistAnswers: boolean },
): Promise<void> {
  const said = async (instance: Instance) => {
    const { status, parts } = await readiness(instance);
    return { status, database: parts.database, denylistAnswers: parts.denylist !== "unavailable" };
  };
  const expected = { status: "unavailable", database: "unavailable", denylistAnswers };
  await expect
    .poll(() => Promise.all(instances.map(said)), { timeout: PATIENCE_MS, interval: 50 })
    .toEqual(instances.map(() => expected));
}

/** Whatever has to be written is refused for now, and nobody's cookies are touched. */
export async function expectNothingWritten(instance: Instance, watch: Watch, cast: Cast): Promise<void> {
  const { admin } = cast;
  const [visitor, other] = cast.honest as [Visitor, Visitor];
  const stranger = new Visitor(newPerson());
  const held = visitor.cookieHeader;
  // Its access token has expired: it is renewed on the way.
  const renewing = `${REFRESH_COOKIE}=${visitor.refreshToken}`;
  const [page, ...answers] = await Promise.all([
    instance.request("GET", "/account", visitor.options(instance, { cookie: renewing })),
    watch.ask(visitor, instance, "POST", "/api/auth/refresh"),
    watch.ask(visitor, instance, "GET", "/api/auth/session", { cookie: renewing }),
    watch.ask(new Visitor(other.person), instance, "POST", "/api/auth/login", { body: other.person }),
    watch.ask(stranger, instance, "POST", "/api/auth/signup", { body: stranger.person }),
    revoke(watch, other, admin, instance, "log-out"),
    revoke(watch, other, admin, instance, "session"),
    revoke(watch, other, admin, instance, "token"),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503));
  expect(visitor.cookieHeader).toBe(held);
  expect(page.status).toBe(503);
  expect(page.setCookies).toEqual([]);
  expect(page.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
}

/** Nobody who knows can be asked: a valid token is neither accepted nor called wrong. */
export async function untilClosed(
  instances: readonly Instance[],
  watch: Watch,
  visitors: readonly Visitor[],
): Promise<void> {
  const ask = async (instance: Instance) => {
    const answers = visitors.map((visitor) => watch.ask(visitor, instance, "GET", "/api/admin/sessions"));
    return (await Promise.all(answers)).map(({ status }) => status);
  };
  await expect
    .poll(() => Promise.all(instances.map(ask)), { timeout: PATIENCE_MS, interval: 50 })
    .toEqual(instances.map(() => visitors.map(() => 503)));
}
