import { describe, expect, test } from "vitest";
import type { Instance } from "../support/cluster";
import { joined, Visitor } from "../support/visitor";
import { expectAllToWork, expectToGoOn, gather, newcomer } from "./support/cast";
import { type Scene, sceneOfFile } from "./support/scene";
import { whileWatched } from "./support/watch";

const CLOCK = new URL("./support/shifted-clock.mjs", import.meta.url).href;
const SHIFTS_MS = [5_000, -5_000];

const currentScene = sceneOfFile({
  envOf: (index) => ({ NODE_OPTIONS: `--import=${CLOCK}`, CLOCK_SHIFT_MS: String(SHIFTS_MS[index]) }),
});

describe("When things fail", () => {
  test("clocks 10 s apart: accepted", () => {
    const scene = currentScene();
    const { cluster } = scene;
    return whileWatched(cluster.instances, scene.boundMs, async (watch) => {
      await expectApart({ ahead: cluster.instance(0), behind: cluster.instance(1) });
      const cast = await gather(scene, watch);
      const visitors = [...cast.honest, await newcomer(scene, watch, cluster.instance(0))];
      for (const visitor of visitors) await refreshInTurn(visitor, cluster.instances);
      await expectAllToWork(scene, watch, cast);
      await expectToGoOn(scene, visitors);
      await expectDenialsToOutlastTokens(scene, cast.honest);
    });
  });
});

/** Otherwise the test would say nothing. */
async function expectApart({ ahead, behind }: { ahead: Instance; behind: Instance }): Promise<void> {
  // In this order, so that the time in between does not count against it.
  const behindAt = issuedAt(await joined(behind));
  const aheadAt = issuedAt(await joined(ahead));
  expect(aheadAt - behindAt).toBeGreaterThanOrEqual(9);
}

const claimsOf = (visitor: Visitor): { iat: number; exp: number; sid: string } =>
  JSON.parse(Buffer.from(visitor.access?.split(".")[1] ?? "", "base64url").toString());
const issuedAt = (visitor: Visitor): number => claimsOf(visitor).iat;

async function refreshInTurn(visitor: Visitor, instances: readonly Instance[]): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) {
    for (const instance of instances) expect(await visitor.session(instance)).toBe(200);
    const [here] = turn % 2 === 0 ? instances : [...instances].reverse();
    if (here !== undefined) expect((await visitor.refresh(here)).status).toBe(200);
  }
}

/** Issued by the clock that is ahead, denied by either, and never accepted by the one that is behind. */
async function expectDenialsToOutlastTokens({ cluster }: Scene, visitors: readonly Visitor[]): Promise<void> {
  const toleranceSeconds = 10;
  const apartSeconds = 10;
  for (const [index, { person }] of visitors.entries()) {
    const visitor = new Visitor(person);
    await visitor.signIn(cluster.instance(0));
    const { exp, sid } = claimsOf(visitor);
    await visitor.logOut(cluster.instance(index));
    const select = "SELECT extract(epoch FROM expires_at)::float8 AS at FROM denials WHERE value = $1";
    const [denial] = await cluster.sql<{ at: number }>(select, [sid]);
    expect(denial?.at ?? 0).toBeGreaterThanOrEqual(exp + toleranceSeconds + apartSeconds);
  }
}
