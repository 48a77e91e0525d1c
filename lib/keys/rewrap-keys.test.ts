import { describe, expect, it, test } from "vitest";
import { COMMAND_LINE } from "@/lib/audit/actor";
import type { Algorithm } from "./algorithms";
import { type RewrapProgress, rewrapKeys } from "./rewrap-keys";
import { HeldClock } from "./testing/held-clock";
import { createRecord } from "./testing/key-records";
import { kidOf, nameOf, sealedIn, signerOf, statesOf } from "./testing/key-story";
import { createTestKeys, TEST_SCHEDULE, type TestKeys } from "./testing/test-keys";

const NOW = new Date("2026-11-24T12:00:00Z");
const EARLIER = "the earlier secret, 32 bytes or more";
const NEW = "the new secret, of 32 bytes or more!";
const UNKNOWN = "nobody was ever told of this secret.";

/** Keys under the earlier secret, in the middle of a rotation: one retiring, one active, one staged. */
async function keysUnderEarlierSecret(algorithm: Algorithm = "ES256") {
  const clock = new HeldClock(NOW);
  const { store, open } = createTestKeys({ clock, algorithm, secrets: [EARLIER] });
  await open();
  clock.advanceSeconds(TEST_SCHEDULE.rotationSeconds);
  await open();
  const withSecrets = (...secrets: string[]) => createTestKeys({ clock, store, algorithm, secrets });
  return { clock, store, withSecrets };
}

async function rewrap(keys: TestKeys): Promise<RewrapProgress[]> {
  const progress: RewrapProgress[] = [];
  for await (const step of rewrapKeys(keys, keys.sealed, COMMAND_LINE)) progress.push(step);
  return progress;
}

const rewrapped = (keys: TestKeys, progress: RewrapProgress[]): string =>
  progress.map(({ kid, problem }) => `${nameOf(keys.store, kid)} ${problem ?? "done"}`).join(", ");

/** What each key is sealed under, as its row says. */
const custodies = ({ store }: TestKeys): number =>
  new Set(
    store.rows.filter(({ sealedPrivateKey }) => sealedPrivateKey !== null).map(({ custody }) => custody),
  ).size;

describe("rewrapping", () => {
  test.each<[Algorithm, string, string]>([
    ["ES256", "k2 done, k3 done", "k2 k3"],
    ["EdDSA", "k2 done, k3 done", "k2 k3"],
    // The secret of a retiring key still verifies.
    ["HS256", "k1 done, k2 done, k3 done", "k1 k2 k3"],
  ])(
    "seals the private parts of %s keys under the first secret, so that the others may go",
    async (algorithm, steps, sealed) => {
      const { store, withSecrets } = await keysUnderEarlierSecret(algorithm);
      const both = withSecrets(NEW, EARLIER);
      expect(rewrapped(both, await rewrap(both))).toBe(steps);
      const alone = withSecrets(NEW);
      await alone.open();
      expect(alone.problems).toEqual([]);
      expect(signerOf(alone)).toBe("k2");
      expect(statesOf(store)).toBe("retiring active staged");
      expect(sealedIn(store)).toBe(sealed);
      for (const { kid } of store.rows) expect(await alone.keyring.findVerificationKey(kid)).not.toBeNull();
      await alone.keyring.signer.sign(Buffer.from("text"));
      const late = withSecrets(EARLIER);
      await late.keyring.load();
      expect(() => late.keyring.signer).toThrow("no key that signs");
    },
  );

  it("changes nothing of a key but what it is sealed under", async () => {
    const { store, withSecrets } = await keysUnderEarlierSecret();
    const before = store.rows;
    await rewrap(withSecrets(NEW, EARLIER));
    const unchanged = before.map(({ custody: _, sealedPrivateKey: __, ...rest }) => rest);
    expect(store.rows).toMatchObject(unchanged);
  });

  it("goes on where it was ended", async () => {
    const { withSecrets } = await keysUnderEarlierSecret();
    const both = withSecrets(NEW, EARLIER);
    for await (const { kid } of rewrapKeys(both, both.sealed, COMMAND_LINE)) {
      expect(nameOf(both.store, kid)).toBe("k2");
      break;
    }
    expect(custodies(both)).toBe(2);
    // Those who serve go on with a key under each.
    await both.open();
    expect(signerOf(both)).toBe("k2");
    expect(statesOf(both.store)).toBe("retiring active staged");
    expect(rewrapped(both, await rewrap(both))).toBe("k3 done");
    expect(custodies(both)).toBe(1);
  });

  it("has nothing to do the second time, and writes nothing", async () => {
    const { withSecrets } = await keysUnderEarlierSecret();
    const both = withSecrets(NEW, EARLIER);
    await rewrap(both);
    const { rows, events } = both.store;
    expect(await rewrap(both)).toEqual([]);
    expect({ rows: both.store.rows, events: both.store.events }).toEqual({ rows, events });
  });

  it("seals anew under the first of the secrets, whichever they were under", async () => {
    const { withSecrets } = await keysUnderEarlierSecret();
    await rewrap(withSecrets(NEW, EARLIER));
    const back = withSecrets(EARLIER, NEW);
    expect(rewrapped(back, await rewrap(back))).toBe("k2 done, k3 done");
    const alone = withSecrets(EARLIER);
    await alone.open();
    expect(signerOf(alone)).toBe("k2");
  });

  it("is safe while another process serves with both secrets: nobody makes a key, and the same one signs", async () => {
    const { store, withSecrets } = await keysUnderEarlierSecret();
    const serving = withSecrets(NEW, EARLIER);
    await serving.open();
    const { version } = serving.keyring;
    const rewrapping = withSecrets(NEW, EARLIER);
    for await (const _ of rewrapKeys(rewrapping, rewrapping.sealed, COMMAND_LINE)) {
      await serving.keyring.signer.sign(Buffer.from("text"));
      await serving.open();
      expect(signerOf(serving)).toBe("k2");
    }
    expect(statesOf(store)).toBe("retiring active staged");
    expect(serving.keyring.version).toBe(version);
  });

  it("leaves alone what was stopped while it was at it", async () => {
    const { clock, store, withSecrets } = await keysUnderEarlierSecret();
    const both = withSecrets(NEW, EARLIER);
    const other = withSecrets(NEW, EARLIER);
    const run = rewrapKeys(both, both.sealed, COMMAND_LINE);
    expect(nameOf(store, (await run.next()).value?.kid)).toBe("k2");
    const { sealedPrivateKey: _, ...k3 } = store.rows[2] ?? (await createRecord(both.sealed, "ES256"));
    await store.update({ ...k3, state: "retired", retiredAt: clock.now(), sealedPrivateKey: null });
    await other.open();
    expect((await run.next()).value).toBeUndefined();
    expect(sealedIn(store)).toBe("k2 k4");
    expect(signerOf(both)).toBe("k2");
  });

  it("is recorded key by key, with who did it, and with no secret", async () => {
    const { clock, store, withSecrets } = await keysUnderEarlierSecret();
    const before = store.rows;
    await rewrap(withSecrets(NEW, EARLIER));
    const events = store.events.filter(({ type }) => type === "signing_key.rewrapped");
    expect(events.map(({ details }) => details)).toEqual(
      [1, 2].map((index) => ({
        kid: store.rows[index]?.kid,
        algorithm: "ES256",
        from: before[index]?.custody,
        to: store.rows[index]?.custody,
      })),
    );
    expect(events[0]).toMatchObject({ at: clock.now(), actorId: null, sessionId: null, client: null });
    for (const secret of [EARLIER, NEW]) expect(JSON.stringify(events)).not.toContain(secret);
  });
});

describe("a key that cannot be opened", () => {
  it("stays as it is and is told by kid with the remedy, while the others are sealed anew", async () => {
    const { clock, store, withSecrets } = await keysUnderEarlierSecret();
    const elsewhere = createTestKeys({ clock, store, secrets: [UNKNOWN] });
    await elsewhere.open();
    expect(statesOf(store)).toBe("retiring active staged active staged");
    const foreign = store.rows.slice(3);
    const both = withSecrets(NEW, EARLIER);
    const progress = await rewrap(both);
    expect(progress.map(({ kid, problem }) => [nameOf(store, kid), problem === null])).toEqual([
      ["k2", true],
      ["k3", true],
      ["k4", false],
      ["k5", false],
    ]);
    expect(progress[2]?.problem).toContain(kidOf(store, "k4"));
    expect(progress[2]?.problem).toContain("APP_SECRET=new,earlier");
    expect(store.rows.slice(3)).toEqual(foreign);
  });

  it("is stopped by then when it was tampered with", async () => {
    const { store, withSecrets } = await keysUnderEarlierSecret();
    const k2 = store.rows[1] ?? (await createRecord(withSecrets(NEW).sealed, "ES256"));
    await store.update({ ...k2, sealedPrivateKey: new Uint8Array(60) });
    const both = withSecrets(NEW, EARLIER);
    expect(rewrapped(both, await rewrap(both))).toBe("k3 done");
    expect(both.problems).toEqual([expect.stringContaining(k2.kid)]);
    expect(statesOf(store)).toBe("retiring retiring active staged");
    expect(signerOf(both)).toBe("k3");
  });
});

describe("two keys that sign, each under a secret of its own", () => {
  it("become one, for only one may sign under one secret", async () => {
    const clock = new HeldClock(NOW);
    const one = createTestKeys({ clock, secrets: [EARLIER] });
    await one.open();
    const other = createTestKeys({ clock, store: one.store, secrets: [NEW] });
    clock.advanceSeconds(60);
    await other.open();
    expect(statesOf(one.store)).toBe("active staged active staged");
    const both = createTestKeys({ clock, store: one.store, secrets: [NEW, EARLIER] });
    await rewrap(both);
    expect(one.store.rows.filter(({ state }) => state === "active")).toHaveLength(1);
    expect(custodies(both)).toBe(1);
    const alone = createTestKeys({ clock, store: one.store, secrets: [NEW] });
    await alone.open();
    expect(alone.problems).toEqual([]);
    expect(signerOf(alone)).toBe(signerOf(both));
    for (const name of ["k1", "k3"]) {
      expect(await alone.keyring.findVerificationKey(kidOf(one.store, name))).not.toBeNull();
    }
  });
});

it("of a store that cannot be reached rejects, having changed nothing", async () => {
  const { store, withSecrets } = await keysUnderEarlierSecret();
  const before = store.rows;
  store.isDown = true;
  await expect(rewrap(withSecrets(NEW, EARLIER))).rejects.toThrow("cannot be reached");
  store.isDown = false;
  expect(store.rows).toEqual(before);
});
