import { describe, expect, it, test } from "vitest";
import { ACCEPTED_ACCESS_TOKEN_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import { ALGORITHMS, type Algorithm, isSymmetric } from "./algorithms";
import { advanceKeys } from "./rotation";
import { HeldClock } from "./testing/held-clock";
import { DAY_SECONDS, kidOf, nameOf, publishedBy, sealedIn, signerOf, statesOf } from "./testing/key-story";
import { MemorySigningKeyStore } from "./testing/memory-signing-key-store";
import { createTestKeys, TEST_SCHEDULE, type TestKeys } from "./testing/test-keys";

const NOW = new Date("2026-11-24T12:00:00Z");
/** One rotation to the next. */
const R = TEST_SCHEDULE.rotationSeconds;

function createProcess(algorithm: Algorithm = "ES256", store?: MemorySigningKeyStore) {
  const clock = new HeldClock(NOW);
  const keys = createTestKeys({ clock, algorithm, ...(store === undefined ? {} : { store }) });
  const openAt = async (seconds: number) => {
    clock.moveTo(addSeconds(NOW, seconds));
    await keys.open();
  };
  return { clock, keys, store: keys.store, openAt };
}

type Row = [
  seconds: number,
  states: string,
  signs: string,
  published: string,
  sealed: string,
  maxAge: number,
];

/** Seconds from the first start; what there is once every step that is due has been taken. */
const LIFE: Row[] = [
  [0, "active staged", "k1", "k1 k2", "k1 k2", 300],
  [900, "active staged", "k1", "k1 k2", "k1 k2", 300],
  [R - 300, "active staged", "k1", "k1 k2", "k1 k2", 300],
  [R - 299.5, "active staged", "k1", "k1 k2", "k1 k2", 299],
  [R - 1, "active staged", "k1", "k1 k2", "k1 k2", 1],
  [R - 0.001, "active staged", "k1", "k1 k2", "k1 k2", 0],
  [R, "retiring active staged", "k2", "k1 k2 k3", "k2 k3", 300],
  [R + 690, "retiring active staged", "k2", "k1 k2 k3", "k2 k3", 300],
  [R + 690.5, "retiring active staged", "k2", "k1 k2 k3", "k2 k3", 299],
  [R + ACCEPTED_ACCESS_TOKEN_SECONDS, "retiring active staged", "k2", "k1 k2 k3", "k2 k3", 30],
  [R + 989.999, "retiring active staged", "k2", "k1 k2 k3", "k2 k3", 0],
  [R + 990, "retired active staged", "k2", "k2 k3", "k2 k3", 300],
  [2 * R - 60, "retired active staged", "k2", "k2 k3", "k2 k3", 60],
  [2 * R, "retired retiring active staged", "k3", "k2 k3 k4", "k3 k4", 300],
  [2 * R + 990, "retired retired active staged", "k3", "k3 k4", "k3 k4", 300],
  // Nobody has looked after them for longer than a period: one rotation, to the key that was staged.
  [3 * R + 5 * DAY_SECONDS, "retired retired retiring active staged", "k4", "k3 k4 k5", "k4 k5", 300],
  [4 * R, "retired retired retired active staged", "k4", "k4 k5", "k4 k5", 300],
];

describe.each(Object.keys(ALGORITHMS) as Algorithm[])("the life of %s keys", (algorithm) => {
  it("goes from staged to retired by itself", { timeout: 60_000 }, async () => {
    const { keys, store, openAt } = createProcess(algorithm);
    for (const [seconds, states, signs, published, sealed, maxAge] of LIFE) {
      await openAt(seconds);
      const { maxAgeSeconds } = keys.keyring.jwks;
      const seen = [statesOf(store), signerOf(keys), publishedBy(keys), sealedIn(store), maxAgeSeconds];
      // A secret is held by those who verify with it, and published to nobody.
      const expected = isSymmetric(algorithm) ? ["", published] : [published, sealed];
      expect(seen, `after ${seconds} s`).toEqual([states, signs, ...expected, maxAge]);
      for (const name of published.split(" ")) {
        expect(await keys.keyring.findVerificationKey(kidOf(store, name))).not.toBeNull();
      }
    }
    expect(await keys.keyring.findVerificationKey(kidOf(store, "k3"))).toBeNull();
  });
});

it("signs with no key that a verifier might not know who keeps the JWKS as long as he may", async () => {
  const { clock, keys, openAt } = createProcess();
  await openAt(0);
  const kept: { until: Date; body: string }[] = [];
  for (let seconds = R - 1500; seconds <= 2 * R + 1500; seconds += 30) {
    // Only around the two rotations.
    if (seconds > R + 1500 && seconds < 2 * R - 1500) continue;
    await openAt(seconds);
    const { body, maxAgeSeconds } = keys.keyring.jwks;
    kept.push({ until: addSeconds(clock.now(), maxAgeSeconds + 60), body });
    const { kid } = keys.keyring.signer;
    for (const document of kept.filter(({ until }) => until >= clock.now())) {
      expect(document.body, `${seconds} s`).toContain(kid);
    }
  }
});

it("serves no JWKS past a change that is due and that this process has not seen made", async () => {
  const { clock, keys, openAt } = createProcess();
  await openAt(0);
  const maxAges = [R - 10, R, R + 30, R + 60, R + 61].map((seconds) => {
    clock.moveTo(addSeconds(NOW, seconds));
    return keys.keyring.jwks.maxAgeSeconds;
  });
  expect(maxAges).toEqual([10, 0, 0, 0, 300]);
});

describe("several processes", () => {
  it("make two keys at the first start however many begin at once, and one at each rotation", async () => {
    const clock = new HeldClock(NOW);
    const store = new MemorySigningKeyStore(clock);
    const processes = Array.from({ length: 5 }, () => createTestKeys({ clock, store }));
    const openAll = () => Promise.all(processes.map(({ open }) => open()));
    await openAll();
    expect(statesOf(store)).toBe("active staged");
    expect(processes.map(signerOf)).toEqual(processes.map(() => "k1"));
    clock.advanceSeconds(R);
    await openAll();
    await openAll();
    expect(statesOf(store)).toBe("retiring active staged");
    expect(processes.map(signerOf)).toEqual(processes.map(() => "k2"));
    expect(new Set(processes.map(({ keyring }) => keyring.jwks.etag)).size).toBe(1);
  });

  it("of which one starts later: it makes none", async () => {
    const { store, openAt } = createProcess();
    await openAt(0);
    const later = createProcess("ES256", store);
    await later.openAt(0);
    expect(statesOf(store)).toBe("active staged");
    expect(signerOf(later.keys)).toBe("k1");
  });
});

describe("a step that fails", () => {
  it.each([1, 2])(
    "at its %d. write leaves the keys as they were, and is taken the next time",
    async (fatal) => {
      const { keys, store, openAt } = createProcess();
      await openAt(0);
      const before = { rows: store.rows, events: store.events };
      const update = store.update.bind(store);
      let writes = 0;
      store.update = async (record) => {
        writes += 1;
        if (writes === fatal) throw new Error("The connection broke.");
        await update(record);
      };
      await expect(openAt(R)).rejects.toThrow("The connection broke.");
      expect({ rows: store.rows, events: store.events }).toEqual(before);
      expect(signerOf(keys)).toBe("k1");
      await openAt(R);
      expect(statesOf(store)).toBe("retiring active staged");
    },
  );

  it("for want of the store is taken when it is back", async () => {
    const { store, openAt } = createProcess();
    await openAt(0);
    store.isDown = true;
    await expect(openAt(R)).rejects.toThrow("cannot be reached");
    store.isDown = false;
    await openAt(R + 3600);
    expect(statesOf(store)).toBe("retiring active staged");
  });
});

describe("a clock that jumps", () => {
  const jumps: [name: string, days: number[], keysMade: number][] = [
    ["ahead by more than a period", [40], 3],
    ["ahead by many periods", [400], 3],
    ["back", [-400], 2],
    ["ahead and back", [40, 0], 3],
    ["ahead and back, again and again", [40, 0, 40, 0, 40, 1], 3],
    ["back and ahead", [-40, 0, -40, 0], 2],
    ["ahead, back, and on to the next rotation", [40, 0, 70], 4],
  ];

  test.each(jumps)("%s: makes no extra key", async (_name, days, keysMade) => {
    const { keys, store, openAt } = createProcess();
    await openAt(0);
    for (const day of days) {
      await openAt(day * DAY_SECONDS);
      await keys.open();
      expect(keys.keyring.signer.kid).toBe(store.rows.find(({ state }) => state === "active")?.kid);
      expect(await keys.keyring.findVerificationKey(keys.keyring.signer.kid)).not.toBeNull();
    }
    expect(store.rows).toHaveLength(keysMade);
  });

  it("when it is a process's own changes nothing: the life of keys goes by the database's", async () => {
    const database = new HeldClock(NOW);
    const clock = new HeldClock(NOW);
    const keys = createTestKeys({ clock, store: new MemorySigningKeyStore(database) });
    await keys.open();
    const before = keys.store.rows;
    for (const days of [400, -400, 0.04, -0.04]) {
      clock.moveTo(addSeconds(NOW, days * DAY_SECONDS));
      // What it holds is from before the jump.
      await advanceKeys(keys);
      await keys.open();
      expect(keys.store.rows).toEqual(before);
      expect(keys.keyring.now).toEqual(NOW);
      expect(keys.keyring.jwks.maxAgeSeconds).toBe(300);
      expect((await keys.keyring.findSigner()).kid).toBe(kidOf(keys.store, "k1"));
    }
    database.moveTo(addSeconds(NOW, R));
    await keys.open();
    expect(statesOf(keys.store)).toBe("retiring active staged");
  });
});

describe("the audit log", () => {
  const told = ({ store }: TestKeys) =>
    store.events.map(({ type, details: { kid, algorithm, ...rest } }) => {
      expect(algorithm).toBe("ES256");
      return [type, nameOf(store, String(kid)), rest];
    });

  it("tells of each step, at its instant, by nobody, and nothing secret", async () => {
    const { keys, store, openAt } = createProcess();
    for (const seconds of [0, R, R + 990]) await openAt(seconds);
    expect(told(keys)).toEqual([
      ["signing_key.activated", "k1", { replaces: null }],
      ["signing_key.staged", "k2", { activatesAt: addSeconds(NOW, R).toISOString() }],
      ["signing_key.stopped", "k1", {}],
      ["signing_key.activated", "k2", { replaces: kidOf(store, "k1") }],
      ["signing_key.staged", "k3", { activatesAt: addSeconds(NOW, 2 * R).toISOString() }],
      ["signing_key.retired", "k1", {}],
    ]);
    const at = [0, 0, R, R, R, R + 990].map((seconds) => addSeconds(NOW, seconds));
    expect(store.events.map((event) => event.at)).toEqual(at);
    for (const event of store.events) {
      expect(event).toMatchObject({ actorId: null, userId: null, sessionId: null, client: null });
    }
  });

  it("says nothing while nothing is due", async () => {
    const { store, openAt } = createProcess();
    await openAt(0);
    for (let seconds = 0; seconds < R; seconds += DAY_SECONDS) await openAt(seconds);
    expect(store.events).toHaveLength(2);
  });
});

it("writes to each row when it changed and why it will", async () => {
  const { store, openAt } = createProcess();
  for (const seconds of [0, R, R + 990]) await openAt(seconds);
  const at = (seconds: number) => addSeconds(NOW, seconds);
  const never = { revokedAt: null, revokeReason: null };
  expect(store.rows).toMatchObject([
    { createdAt: NOW, activatedAt: NOW, retiringAt: at(R), retiredAt: at(R + 990), ...never },
    { createdAt: NOW, activatesAt: at(R), activatedAt: at(R), retiringAt: null, retiredAt: null, ...never },
    {
      createdAt: at(R),
      activatesAt: at(2 * R),
      activatedAt: null,
      retiringAt: null,
      retiredAt: null,
      ...never,
    },
  ]);
});
