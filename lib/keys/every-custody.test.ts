import { calculateJwkThumbprint } from "jose";
import { beforeEach, describe, expect, it, test } from "vitest";
import { FakeSigner } from "./testing/fake-signer";
import { HeldClock } from "./testing/held-clock";
import { createRecord } from "./testing/key-records";
import { nameOf, publishedBy, sealedIn, signerOf, statesOf } from "./testing/key-story";
import { createTestKeys, TEST_SCHEDULE, type TestKeys } from "./testing/test-keys";

const NOW = new Date("2026-11-24T12:00:00Z");
const { stagedSeconds, rotationSeconds } = TEST_SCHEDULE;

let clock: HeldClock;
let signer: FakeSigner;
beforeEach(() => {
  clock = new HeldClock(NOW);
  signer = new FakeSigner(clock);
});

const held = ({ store }: TestKeys) => signer.kids.map((kid) => nameOf(store, kid)).join(" ");
const seen = (keys: TestKeys) => ({
  signs: signerOf(keys),
  published: publishedBy(keys),
  states: statesOf(keys.store),
  sealed: sealedIn(keys.store),
  held: held(keys),
});

describe("keys that move to a signer", () => {
  it("sign until every verifier can have heard of those that it holds", async () => {
    const before = createTestKeys({ clock });
    await before.open();
    const keys = createTestKeys({ clock, store: before.store, signer });
    await keys.open();
    const waiting = {
      signs: "k1",
      published: "k1 k2 k3",
      states: "active staged staged",
      sealed: "k1 k2",
      held: "k3",
    };
    expect(seen(keys)).toEqual(waiting);
    clock.advanceSeconds(stagedSeconds - 1);
    await keys.open();
    expect(seen(keys)).toEqual(waiting);
    clock.advanceSeconds(1);
    await keys.open();
    expect(seen(keys)).toMatchObject({ signs: "k3", sealed: "k2", held: "k3 k4" });
    expect(keys.problems).toEqual([]);
  });

  it("sign on while it has not answered yet", async () => {
    const before = createTestKeys({ clock });
    await before.open();
    signer.isAway = true;
    const keys = createTestKeys({ clock, store: before.store, signer });
    await expect(keys.open()).rejects.toThrow("does not answer");
    expect(signerOf(keys)).toBe("k1");
  });
});

describe("keys that move back from a signer", () => {
  const startThere = async () => {
    const before = createTestKeys({ clock, signer });
    await before.open();
    return before;
  };

  it("sign until every verifier can have heard of those that are sealed", async () => {
    const { store } = await startThere();
    const keys = createTestKeys({ clock, store, signer, signerNewKeys: false });
    await keys.open();
    expect(seen(keys)).toEqual({
      signs: "k1",
      published: "k1 k2 k3",
      states: "active staged staged",
      sealed: "k3",
      held: "k1 k2",
    });
    clock.advanceSeconds(stagedSeconds);
    await keys.open();
    expect(seen(keys)).toMatchObject({ signs: "k3", sealed: "k3 k4" });
    const without = createTestKeys({ clock, store });
    await without.open();
    expect(signerOf(without)).toBe("k3");
  });

  it("are missed at once where it is gone: a new key signs, and their tokens still verify", async () => {
    const { store } = await startThere();
    const keys = createTestKeys({ clock, store });
    await keys.open();
    expect(signerOf(keys)).toBe("k3");
    expect(keys.problems).toEqual(
      store.rows.slice(0, 2).map(({ kid }) => expect.stringMatching(`${kid} .* Set SIGNER_SOCKET`)),
    );
    expect(await keys.keyring.findVerificationKey(store.rows[0]?.kid ?? "")).not.toBeNull();
  });
});

it("while some processes have the signer and some have not, no key is made again and again", async () => {
  const without = createTestKeys({ clock });
  await without.open();
  const { store } = without;
  const processes = [
    without,
    createTestKeys({ clock, store, signer }),
    createTestKeys({ clock, store, signer, signerNewKeys: false }),
  ];
  const openAll = async () => {
    for (const process of processes) await process.open();
  };
  await openAll();
  const made = store.rows.length;
  for (let seconds = 30; seconds < stagedSeconds; seconds += 30) {
    clock.advanceSeconds(30);
    await openAll();
  }
  expect(store.rows).toHaveLength(made);
  expect(processes.map(signerOf)).toEqual(["k1", "k1", "k1"]);
});

it("a rotation at the signer needs nothing of the database but the record", async () => {
  const keys = createTestKeys({ clock, signer });
  await keys.open();
  clock.advanceSeconds(rotationSeconds);
  await keys.open();
  expect(seen(keys)).toMatchObject({ signs: "k2", published: "k1 k2 k3", sealed: "" });
});

test.each([
  ["a point that is not on its curve", { kty: "EC", crv: "P-256", x: "AAAA", y: "AAAA" }],
  ["another curve", { kty: "EC", crv: "P-384", x: "AAAA", y: "AAAA" }],
])(
  "a row whose public key is %s is refused by name, and keeps no other from being read",
  async (_name, publicJwk) => {
    const keys = createTestKeys({ clock });
    await keys.open();
    const [active] = keys.store.rows;
    const kid = await calculateJwkThumbprint(publicJwk);
    keys.store.rows.push({
      ...(await createRecord(keys.custody, "ES256", { state: "staged", activatesAt: NOW })),
      ...{ kid, publicJwk },
    });
    await keys.open();
    expect(keys.keyring.signer.kid).toBe(active?.kid);
    expect(await keys.keyring.findVerificationKey(kid)).toBeNull();
    expect(keys.keyring.jwks.body).not.toContain(kid);
    expect(keys.problems).toEqual([expect.stringContaining(`Signing key ${kid} is refused`)]);
  },
);
