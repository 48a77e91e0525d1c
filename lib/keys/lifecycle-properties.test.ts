import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AuditEventType } from "@/lib/audit/events";
import { KEY_STAGED_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import type { Algorithm } from "./algorithms";
import { type KeyLine, keyLines, nextKeyStep } from "./lifecycle";
import type { SigningKeyRecord } from "./signing-key";
import type { ProcessSettings } from "./testing/key-process";
import { alike, different, needed, SECOND, SHARED, scripts, THIRD } from "./testing/key-scripts";
import { DAY_SECONDS } from "./testing/key-story";
import { KeyWorld, POLL_SECONDS, type Step } from "./testing/key-world";
import { isHurried } from "./testing/token-watch";

// Any life of the keys: processes that end between any two statements, act at once, and sleep for months.

const TIMEOUT_MS = 60_000;
const runs = (numRuns: number) => ({ seed: 20_261_124, numRuns });
const STATES = ["staged", "active", "retiring", "retired", "revoked"];

/** What holds at every moment, whatever happens. */
function expectWhole({ rows }: KeyWorld): void {
  const kinds = rows
    .filter(({ state }) => state === "active")
    .map(({ algorithm, custody }) => `${algorithm} ${custody}`);
  expect(new Set(kinds).size, "active keys of a kind").toBe(kinds.length);
  for (const { state, algorithm, custody, sealedPrivateKey } of rows) {
    const isUsed =
      state === "staged" || state === "active" || (state === "retiring" && algorithm === "HS256");
    const isNeeded = isUsed && !custody.startsWith("signer:");
    expect(sealedPrivateKey !== null, `the private part of a ${state} key is there`).toBe(isNeeded);
  }
}

/** Lives through the script, until all processes have done what there was to do. */
async function live(
  settings: ProcessSettings[],
  script: Step[],
  { areAwake = false, needed = [] as Algorithm[] } = {},
): Promise<KeyWorld> {
  const world = new KeyWorld(settings, areAwake, needed);
  const seen = new Map<string, number>();
  for (const step of script) {
    await world.take(step);
    expectWhole(world);
    for (const { kid, state } of world.rows) {
      expect(STATES.indexOf(state), state).toBeGreaterThanOrEqual(seen.get(kid) ?? 0);
      seen.set(kid, STATES.indexOf(state));
    }
  }
  await world.settle();
  expectWhole(world);
  expect([...world.faults, ...world.tokens.faults]).toEqual([]);
  return world;
}

/** Of each line one key signs, one is staged, and every process knows that. */
async function expectOneOfEach(world: KeyWorld): Promise<void> {
  for (const { algorithm, allowsStandIn } of linesOf(world)) {
    const ours = world.rows.filter((row) => row.algorithm === algorithm);
    const active = ours.filter(({ state }) => state === "active");
    expect(ours.filter(({ state }) => state === "staged")).toHaveLength(1);
    expect(active.length).toBeLessThanOrEqual(1);
    const [key] = active;
    if (key === undefined) expect(allowsStandIn && linesOf(world).length > 1).toBe(true);
    for (const { keys } of world.processes) {
      if (key === undefined) expect(await keys?.keyring.findSigner()).toBeDefined();
      else expect((await keys?.keyring.findSignerFor("access_token", algorithm))?.kid).toBe(key.kid);
    }
  }
}

/** Of processes that are set up alike. */
const linesOf = ({ processes, store }: KeyWorld): KeyLine[] =>
  keyLines(processes[0]?.settings.algorithm ?? "ES256", store.needed);

/**
 * No key signs before services can have heard of it, but for the first of its kind and in the place of one that was
 * revoked; and not even then while there is one that they know.
 */
function expectAnnounced({ rows, store }: KeyWorld): void {
  const hurried = rows.filter(isHurried);
  const kinds = new Set(rows.map(({ custody, algorithm }) => `${custody} ${algorithm}`));
  const revoked = rows.filter(({ state }) => state === "revoked");
  expect(hurried.length).toBeLessThanOrEqual(kinds.size + revoked.length);
  for (const key of hurried) {
    // None of another algorithm may sign for an audience.
    const isExact = store.needed.includes(key.algorithm);
    const others = rows.filter((row) => !isExact || row.algorithm === key.algorithm);
    expect(others.filter((other) => couldHaveSigned(other, key))).toEqual([]);
  }
}

/** Whether services knew `other` when `key` began to sign, and whoever could use the one could use the other. */
function couldHaveSigned(other: SigningKeyRecord, key: SigningKeyRecord): boolean {
  const at = key.activatedAt ?? key.createdAt;
  const isAfter = (instant: Date | null) => instant === null || instant > at;
  const hadStopped = !isAfter(other.activatedAt) && !isAfter(other.retiringAt);
  const hadEnded = !isAfter(other.retiredAt) || !isAfter(other.revokedAt);
  const wasKnown = addSeconds(other.createdAt, KEY_STAGED_SECONDS) <= at;
  return other.kid !== key.kid && other.custody === key.custody && wasKnown && !hadStopped && !hadEnded;
}

const eventsOf = ({ store }: KeyWorld, type: AuditEventType) =>
  store.events.filter((event) => event.type === type);

/** Beside the first two of each line, a key was made for each that was replaced or revoked, and for no other reason. */
function expectNoneToSpare(world: KeyWorld): void {
  const replaced = eventsOf(world, "signing_key.activated").map(({ details }) => details.replaces);
  const revoked = world.rows.filter(({ kid, state }) => state === "revoked" && !replaced.includes(kid));
  const first = 2 * linesOf(world).length;
  expect(world.rows).toHaveLength(first + replaced.filter((kid) => kid !== null).length + revoked.length);
}

/** Nobody will change what is published before whoever has fetched it now has to fetch it again. */
function expectLastingJwks({ processes }: KeyWorld): void {
  const running = processes.flatMap(({ keys }) => keys ?? []);
  const maxAge = Math.max(...running.map(({ keyring }) => keyring.jwks.maxAgeSeconds));
  for (const { keyring, schedule } of running) {
    const at = addSeconds(keyring.now, maxAge - POLL_SECONDS * running.length);
    const step = nextKeyStep(keyring.keys, keyring.lines, schedule, at);
    // A key that stops stays published.
    expect(step?.kind ?? "stop", `within ${maxAge} s`).toBe("stop");
  }
}

/** Each rotation was asked for, or is a whole period after the one before. */
function expectDue(world: KeyWorld, rotationDays: number): void {
  const requested = eventsOf(world, "signing_key.rotation_requested").map(({ details }) => details.kid);
  for (const { at, details } of eventsOf(world, "signing_key.activated")) {
    const since = world.rows.find(({ kid }) => kid === details.replaces)?.activatedAt ?? null;
    if (since === null || requested.includes(details.kid)) continue;
    expect(at.getTime()).toBeGreaterThanOrEqual(addSeconds(since, rotationDays * DAY_SECONDS).getTime());
  }
}

/** Each rotation of a line was asked for, or a whole period has passed, or the clock has been set ahead. */
function expectFewRotations(world: KeyWorld, rotationDays: number): void {
  const replaced = eventsOf(world, "signing_key.activated").filter(
    ({ details }) => details.replaces !== null,
  );
  const requested = eventsOf(world, "signing_key.rotation_requested");
  const periods = Math.floor(world.elapsedSeconds / (rotationDays * DAY_SECONDS));
  const due = linesOf(world).length * (periods + world.jumpsAhead);
  expect(replaced.length).toBeLessThanOrEqual(requested.length + due);
}

describe("whatever happens to processes that are set up alike", { timeout: TIMEOUT_MS }, () => {
  it("one key signs, a new one is made for each that ends, and no live token is refused", async () => {
    const met = { crashes: 0, takenAfterStop: 0 };
    await fc.assert(
      fc.asyncProperty(
        alike([SHARED, SECOND], [SECOND, SHARED]),
        scripts({ rewraps: true }),
        needed,
        async (settings, script, needed) => {
          const world = await live(settings, script, { needed });
          expect(world.tokens.refusals).toEqual([]);
          await expectOneOfEach(world);
          expectNoneToSpare(world);
          expectDue(world, settings[0]?.rotationDays ?? 0);
          expectAnnounced(world);
          expectLastingJwks(world);
          met.crashes += world.processes.reduce((sum, { crashes }) => sum + crashes, 0);
          met.takenAfterStop += world.tokens.takenAfterStop;
        },
      ),
      runs(80),
    );
    // It did meet what it is to survive.
    expect(met.crashes).toBeGreaterThan(100);
    expect(met.takenAfterStop).toBeGreaterThan(100);
  });

  it("a clock of the database that jumps makes no extra key and stops no rotation", async () => {
    await fc.assert(
      fc.asyncProperty(
        alike([SHARED]),
        scripts({ jumps: true }),
        needed,
        async (settings, script, needed) => {
          const world = await live(settings, script, { needed });
          await expectOneOfEach(world);
          expectNoneToSpare(world);
          expectFewRotations(world, settings[0]?.rotationDays ?? 0);
          expect(Math.max(0, ...world.promises)).toBeLessThanOrEqual(KEY_STAGED_SECONDS);
        },
      ),
      runs(60),
    );
  });
});

describe("whatever happens to processes that are set up differently", { timeout: TIMEOUT_MS }, () => {
  it("but share a secret, without jumps: no live token is refused, and the keys come to rest", async () => {
    await fc.assert(
      fc.asyncProperty(
        different([SHARED], [SHARED, SECOND], [SECOND, SHARED], [THIRD, SHARED]),
        scripts(),
        needed,
        async (settings, script, needed) => {
          const world = await live(settings, script, { areAwake: true, needed });
          expect(world.tokens.refusals).toEqual([]);
          expectAnnounced(world);
          expectLastingJwks(world);
        },
      ),
      runs(25),
    );
  });

  it("and share none: each signs, and the keys come to rest", async () => {
    await fc.assert(
      fc.asyncProperty(
        different([SHARED], [SECOND, SHARED], [SECOND], [THIRD]),
        scripts({ rewraps: true, jumps: true }),
        needed,
        async (settings, script, needed) => {
          await live(settings, script, { needed });
        },
      ),
      runs(25),
    );
  });
});
