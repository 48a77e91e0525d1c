import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Client } from "@/lib/audit/events";
import { authenticate } from "./authenticate";
import { endSessions } from "./end-sessions";
import { logOut } from "./log-out";
import { RotationModel } from "./testing/rotation-model";
import { FORGERIES, FORGERY_WITH_MAC, forge, openScene, type Scene } from "./testing/rotation-scene";
import { BROWSER } from "./testing/session-harness";

// Any interleaving of what clients, thieves and strangers may do with one session, over the real use cases.

const TIMEOUT_MS = 60_000;
const RUNS = { seed: 20_270_101, numRuns: 800 };
const THIEF: Client = { ip: "203.0.113.9", userAgent: "curl" };

/** `back`: which of the tokens issued so far is presented, counted from the newest generation. */
type Step =
  | { kind: "refresh"; back: number; times: number; client: Client }
  | { kind: "race"; backs: number[] }
  | { kind: "use"; back: number }
  | { kind: "wait"; seconds: number }
  | { kind: "stranger"; forgery: number }
  | { kind: "logOut"; back: number }
  | { kind: "revoke" };

const back = fc.oneof({ weight: 8, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.nat(6) });
const client = fc.oneof(
  { weight: 5, arbitrary: fc.constant(BROWSER) },
  { weight: 1, arbitrary: fc.constant(THIEF) },
);
const waits = [0.001, 1, 29, 29.999, 30, 31, 300, 599, 600, 610, 7_200, 86_400, 6.9 * 86_400, 7 * 86_400];
const common: fc.WeightedArbitrary<Step>[] = [
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("refresh"),
      back,
      times: fc.integer({ min: 1, max: 4 }),
      client,
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("use"), back }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("wait"), seconds: fc.constantFrom(...waits) }) },
];
const rare: fc.WeightedArbitrary<Step>[] = [
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("stranger"), forgery: fc.nat(FORGERIES - 1) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("race"),
      backs: fc.array(back, { minLength: 2, maxLength: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("logOut"), back }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("revoke") }) },
];
const steps = (...kinds: fc.WeightedArbitrary<Step>[][]) =>
  fc.array(fc.oneof(...kinds.flat()), { minLength: 1, maxLength: 40, size: "max" });

async function act(scene: Scene, step: Step): Promise<void> {
  const { deps, clock, present, refresh } = scene;
  switch (step.kind) {
    case "refresh": {
      const { refreshToken } = present(step.back);
      await Promise.all(Array.from({ length: step.times }, () => refresh(refreshToken, step.client)));
      return;
    }
    case "race":
      await Promise.all(step.backs.map((back) => refresh(present(back).refreshToken, BROWSER)));
      return;
    case "use":
      await scene.use(present(step.back).accessToken);
      return;
    case "wait":
      return clock.pass(step.seconds);
    case "stranger":
      await refresh(forge(scene, step.forgery), THIEF);
      return;
    case "logOut":
      return logOut(deps, { refreshToken: present(step.back).refreshToken, accessToken: null }, BROWSER);
    case "revoke": {
      const event = { actorId: null, client: null, details: {} };
      await endSessions(deps, { kind: "all", exceptId: null }, "revoked_by_admin", event);
    }
  }
}

/** Does the step, and expects of each answer what the model says. */
async function compare(scene: Scene, model: RotationModel, step: Step): Promise<void> {
  if (step.kind !== "refresh" && step.kind !== "use") return act(scene, step);
  const { refreshToken, accessToken } = scene.present(step.back);
  const generation = Math.max(0, model.generation - step.back);
  if (step.kind === "use") {
    if (await scene.use(accessToken)) model.use(generation, scene.age());
    return;
  }
  for (let n = 0; n < step.times; n += 1) {
    const expected = model.refresh(generation, step.client.userAgent, scene.age());
    expect(await scene.refresh(refreshToken, step.client)).toBe(expected);
  }
}

describe("whatever happens to a session", { timeout: TIMEOUT_MS }, () => {
  it("the answers are those of the table", async () => {
    await fc.assert(
      fc.asyncProperty(steps(common), async (script) => {
        const scene = await openScene();
        const model = new RotationModel(BROWSER.userAgent);
        for (const step of script) {
          await compare(scene, model, step);
          const { generation, endedAt } = await scene.row();
          expect([generation, endedAt !== null]).toEqual([model.generation, model.isEnded]);
        }
      }),
      RUNS,
    );
  });

  it("there is one branch: one refresh token a generation, and only the newest generation is ever issued", async () => {
    await fc.assert(
      fc.asyncProperty(steps(common, rare), async (script) => {
        const scene = await openScene();
        for (const step of script) {
          const { generation: before } = await scene.row();
          const countOlder = () => scene.issued.slice(0, before).flat().length;
          const olderBefore = countOlder();
          await act(scene, step);
          const { generation } = await scene.row();
          expect(generation - before).toBeLessThanOrEqual(1);
          expect(countOlder()).toBe(olderBefore);
          expect(scene.issued).toHaveLength(generation + 1);
          for (const ofOne of scene.issued) {
            expect(new Set(ofOne.map(({ refreshToken }) => refreshToken)).size).toBe(1);
          }
        }
      }),
      RUNS,
    );
  });

  it("a token older than the previous generation ends a live session, and nobody gets anything for it", async () => {
    await fc.assert(
      fc.asyncProperty(steps(common), fc.integer({ min: 2, max: 6 }), async (script, back) => {
        const scene = await openScene();
        for (const step of script) await act(scene, step);
        const before = await scene.row();
        const isLive = before.endedAt === null && scene.clock.now() < before.idleExpiresAt;
        fc.pre(isLive && before.generation >= back);
        expect(await scene.refresh(scene.present(back).refreshToken, THIEF)).toBeNull();
        expect(await scene.row()).toMatchObject({ endReason: "refresh_token_reuse" });
        for (const { refreshToken, accessToken } of scene.issued.flat()) {
          expect(await scene.refresh(refreshToken, BROWSER)).toBeNull();
          expect(await scene.use(accessToken)).toBe(false);
        }
        expect(scene.store.events.filter(({ type }) => type === "refresh_token.reuse_detected")).toHaveLength(
          1,
        );
      }),
      { ...RUNS, numRuns: 250 },
    );
  });

  it("a stranger without a genuine token changes nothing, and nothing is written for him", async () => {
    await fc.assert(
      fc.asyncProperty(steps(common, rare), async (script) => {
        const scene = await openScene();
        for (const step of script) {
          await act(scene, step);
          const [before, eventsBefore] = [await scene.row(), scene.store.events.length];
          for (let kind = 0; kind < FORGERIES; kind += 1) {
            const text = forge(scene, kind);
            expect(await scene.refresh(text, THIEF)).toBeNull();
            if (kind !== FORGERY_WITH_MAC)
              await logOut(scene.deps, { refreshToken: text, accessToken: null }, THIEF);
          }
          expect(await scene.row()).toEqual(before);
          expect(scene.store.events).toHaveLength(eventsBefore);
        }
      }),
      { ...RUNS, numRuns: 200 },
    );
  });

  it("after it has ended nothing is issued and no token of it is accepted, not even out of a refresh on the way", async () => {
    const endings = fc.constantFrom<Step>(
      { kind: "logOut", back: 0 },
      { kind: "logOut", back: 3 },
      { kind: "revoke" },
    );
    await fc.assert(
      fc.asyncProperty(
        steps(common),
        endings,
        fc.nat(3),
        steps(common, rare),
        async (script, ending, tabs, later) => {
          const scene = await openScene();
          for (const step of script) await act(scene, step);
          const onTheWay = Array.from({ length: tabs }, () =>
            scene.refresh(scene.present(0).refreshToken, BROWSER),
          );
          await Promise.all([act(scene, ending), ...onTheWay]);
          const { endedAt, idleExpiresAt } = await scene.row();
          fc.pre(endedAt !== null || idleExpiresAt > scene.clock.now());
          expect(endedAt).not.toBeNull();
          const count = scene.issued.flat().length;
          for (const step of later) {
            for (const { accessToken } of scene.issued.flat()) {
              expect((await authenticate(scene.deps, accessToken)).ok).toBe(false);
            }
            await act(scene, step);
          }
          expect(scene.issued.flat()).toHaveLength(count);
        },
      ),
      { ...RUNS, numRuns: 200 },
    );
  });
});
