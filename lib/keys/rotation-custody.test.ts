import { describe, expect, it, test } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import { FakeSigner } from "./testing/fake-signer";
import { HeldClock } from "./testing/held-clock";
import { DAY_SECONDS, kidOf, nameOf, publishedBy, sealedIn, signerOf, statesOf } from "./testing/key-story";
import { createTestKeys, TEST_SCHEDULE, type TestKeys } from "./testing/test-keys";

const NOW = new Date("2026-11-24T12:00:00Z");
const R = TEST_SCHEDULE.rotationSeconds;
const FORMER = "the former secret, 32 bytes or more!";
const NEW = "the new secret, of 32 bytes or more!";

type Setting = Pick<Parameters<typeof createTestKeys>[0], "secrets" | "signer" | "algorithm">;

/** Processes on one store, each with its own settings, which look at their keys in turn. */
function startProcesses(clock: HeldClock, settings: readonly Setting[]): [TestKeys, ...TestKeys[]] {
  const [first, ...others] = settings;
  const one = createTestKeys({ clock, ...first });
  return [one, ...others.map((setting) => createTestKeys({ clock, store: one.store, ...setting }))];
}

async function openInTurn(processes: readonly TestKeys[]): Promise<void> {
  for (const { open } of processes) await open();
}

/** They go on as they do every 0.4 s. */
async function poll(clock: HeldClock, processes: readonly TestKeys[], times = 50): Promise<void> {
  for (let turn = 0; turn < times; turn += 1) {
    await openInTurn(processes);
    clock.advanceSeconds(0.4);
  }
}

describe("two secrets side by side", () => {
  async function sideBySide() {
    const clock = new HeldClock(NOW);
    const [one, other] = startProcesses(clock, [{ secrets: [FORMER] }, { secrets: [NEW] }]);
    if (other === undefined) throw new Error("Two processes were expected.");
    await openInTurn([one, other]);
    return { clock, one, other, store: one.store };
  }

  it("each bring a key that signs and one that is staged, and no more", async () => {
    const { clock, one, other, store } = await sideBySide();
    await poll(clock, [one, other]);
    expect(statesOf(store)).toBe("active staged active staged");
    expect([signerOf(one), signerOf(other)]).toEqual(["k1", "k3"]);
    for (const keys of [one, other]) {
      expect(publishedBy(keys)).toBe("k1 k2 k3 k4");
      for (const { kid } of store.rows) expect(await keys.keyring.findVerificationKey(kid)).not.toBeNull();
    }
  });

  it("rotate each their own", async () => {
    const { clock, one, other, store } = await sideBySide();
    clock.moveTo(addSeconds(NOW, R));
    await poll(clock, [one, other]);
    expect(statesOf(store)).toBe("retiring active retiring active staged staged");
    expect([signerOf(one), signerOf(other)]).toEqual(["k2", "k4"]);
  });

  it("leave it to the rotations of a process that knows both to end one of them", async () => {
    const { clock, store } = await sideBySide();
    const both = createTestKeys({ clock, store, secrets: [NEW, FORMER] });
    await poll(clock, [both]);
    expect(statesOf(store)).toBe("active staged active staged");
    for (const rotations of [1, 2]) {
      clock.moveTo(addSeconds(NOW, rotations * R));
      await both.open();
    }
    clock.advanceSeconds(990);
    await both.open();
    const live = store.rows.filter(({ state }) => state !== "retired");
    expect(live.map(({ state }) => state)).toEqual(["active", "staged"]);
    const alone = createTestKeys({ clock, store, secrets: [NEW] });
    await alone.open();
    expect([alone.problems, signerOf(alone)]).toEqual([[], signerOf(both)]);
  });

  it("clear away the keys of the one that nobody has any more, a day after their time", async () => {
    const { clock, other, store } = await sideBySide();
    clock.moveTo(addSeconds(NOW, R + DAY_SECONDS - 1));
    await other.open();
    expect(store.rows.slice(0, 2).map(({ state }) => state)).toEqual(["active", "staged"]);
    clock.advanceSeconds(1);
    await other.open();
    expect(store.rows.slice(0, 2).map(({ state }) => state)).toEqual(["retiring", "retired"]);
    expect(sealedIn(store)).not.toMatch(/k[12]\b/);
    clock.advanceSeconds(990);
    await other.open();
    expect(store.rows[0]?.state).toBe("retired");
    expect(publishedBy(other)).not.toContain("k1");
  });
});

it("a secret that is put before the former one takes its keys over, and then seals the new ones", async () => {
  const clock = new HeldClock(NOW);
  const [former] = startProcesses(clock, [{ secrets: [FORMER] }]);
  await former.open();
  const { store } = former;
  const both = createTestKeys({ clock, store, secrets: [NEW, FORMER] });
  for (const rotations of [0, 1, 2]) {
    clock.moveTo(addSeconds(NOW, rotations * R));
    await both.open();
  }
  const alone = createTestKeys({ clock, store, secrets: [NEW] });
  await alone.open();
  expect(alone.problems).toEqual([]);
  expect(statesOf(store)).toBe("retired retiring active staged");
  expect(signerOf(alone)).toBe("k3");
});

describe("a signer outside that is set later", () => {
  async function setLater() {
    const clock = new HeldClock(NOW);
    const [before] = startProcesses(clock, [{}]);
    await before.open();
    clock.moveTo(addSeconds(NOW, 5 * DAY_SECONDS));
    const signer = new FakeSigner(clock);
    const keys = createTestKeys({ clock, store: before.store, signer });
    await keys.open();
    return { clock, before, keys, signer, store: before.store };
  }

  it("signs once its key may, and the sealed key until then", async () => {
    const { clock, keys, signer, store } = await setLater();
    expect([statesOf(store), signerOf(keys)]).toEqual(["active staged staged", "k1"]);
    expect(store.rows[2]).toMatchObject({ custody: `signer:${signer.id}`, sealedPrivateKey: null });
    clock.advanceSeconds(899.999);
    await keys.open();
    expect(signerOf(keys)).toBe("k1");
    clock.advanceSeconds(0.001);
    await keys.open();
    expect([statesOf(store), signerOf(keys)]).toEqual(["retiring staged active staged", "k3"]);
    expect(sealedIn(store)).toBe("k2");
    expect(await keys.keyring.findVerificationKey(kidOf(store, "k1"))).not.toBeNull();
  });

  it("has the sealed key that was staged cleared away a day after its time", async () => {
    const { clock, keys, store } = await setLater();
    clock.advanceSeconds(900);
    await keys.open();
    clock.moveTo(addSeconds(NOW, R + DAY_SECONDS));
    await keys.open();
    expect(statesOf(store)).toBe("retired retired active staged");
    expect(sealedIn(store)).toBe("");
  });

  it("taken away again leaves its keys to verify, says so, and signs with the sealed one that was staged", async () => {
    const { clock, keys, store } = await setLater();
    clock.advanceSeconds(900);
    await keys.open();
    const without = createTestKeys({ clock, store });
    await without.open();
    expect(signerOf(without)).toBe("k2");
    expect(without.problems).toHaveLength(2);
    for (const problem of without.problems) expect(problem).toContain("Set SIGNER_SOCKET");
    expect(await without.keyring.findVerificationKey(kidOf(store, "k3"))).not.toBeNull();
    expect(publishedBy(without)).toContain("k3");
    clock.moveTo(addSeconds(clock.now(), R + DAY_SECONDS));
    await without.open();
    expect(nameOf(store, without.keyring.signer.kid)).not.toBe("k3");
    expect(store.rows[2]?.state).toBe("retiring");
  });

  it("set in one process and not in another leaves each its own keys", async () => {
    const { clock, before, keys, store } = await setLater();
    await poll(clock, [before, keys]);
    expect(statesOf(store)).toBe("active staged staged");
    clock.advanceSeconds(900);
    await poll(clock, [keys, before]);
    expect(statesOf(store)).toBe("retiring active active staged staged");
    expect([signerOf(keys), signerOf(before)]).toEqual(["k3", "k2"]);
  });
});

describe("processes that differ for months", () => {
  const clock = new HeldClock(NOW);
  const mixes: [name: string, groups: number, settings: Setting[]][] = [
    ["in nothing", 1, [{}, {}, {}]],
    ["in their secrets", 2, [{ secrets: [FORMER] }, { secrets: [NEW] }]],
    ["in that one has the new secret as well", 2, [{ secrets: [FORMER] }, { secrets: [NEW, FORMER] }]],
    [
      "in that one knows the secrets of both others",
      2,
      [{ secrets: [FORMER] }, { secrets: [NEW] }, { secrets: [NEW, FORMER] }],
    ],
    ["in that one has a signer outside", 2, [{}, { signer: new FakeSigner(clock) }]],
    ["in their algorithms", 2, [{ algorithm: "ES256" }, { algorithm: "EdDSA" }]],
    [
      "in all of that",
      3,
      [
        { secrets: [FORMER] },
        { secrets: [NEW, FORMER], algorithm: "EdDSA" },
        { signer: new FakeSigner(clock) },
      ],
    ],
  ];

  /** Rejects where a process signs with a key that another does not know. */
  async function verifyEachOther(processes: readonly TestKeys[]): Promise<void> {
    for (const { keyring } of processes) {
      const { kid } = await keyring.findSigner();
      for (const other of processes) expect(await other.keyring.findVerificationKey(kid)).not.toBeNull();
    }
  }

  /** How long each key that signed was staged before, in seconds; null for one that signed at once. */
  const stagedSeconds = ({ rows }: TestKeys["store"]): (number | null)[] =>
    rows.flatMap(({ createdAt, activatesAt, activatedAt }) => {
      if (activatedAt === null) return [];
      return [activatesAt === null ? null : (activatedAt.getTime() - createdAt.getTime()) / 1000];
    });

  test.each(mixes)(
    "%s: sign with keys that verifiers have heard of, and make none without need",
    { timeout: 60_000 },
    async (_name, groups, settings) => {
      clock.moveTo(NOW);
      const processes = startProcesses(clock, settings);
      const { store } = processes[0];
      for (let hours = 0; hours <= 100 * 24; hours += 6) {
        clock.moveTo(addSeconds(NOW, hours * 3600));
        for (let turn = 0; turn < 3; turn += 1) await openInTurn(processes);
        await verifyEachOther(processes);
      }
      // One at the start of each group, because there is no other; from then on only keys that were staged.
      const staged = stagedSeconds(store);
      expect(staged.filter((seconds) => seconds === null).length).toBeLessThanOrEqual(groups);
      expect(Math.min(...staged.filter((seconds) => seconds !== null))).toBeGreaterThanOrEqual(900);
      // 100 days are three rotations. One group may cost another a few more, and not one at every look.
      expect(store.rows.length).toBeLessThanOrEqual(groups * 8);
    },
  );
});
