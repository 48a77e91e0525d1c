import { expect, it } from "vitest";
import { HeldClock } from "./testing/held-clock";
import { createTestKeys } from "./testing/test-keys";

/** Keys whose next read of the store has begun, and ends when it is told to. */
async function whileReading() {
  const keys = createTestKeys({ clock: new HeldClock(new Date("2026-11-24T12:00:00Z")) });
  await keys.open();
  const { store, keyring } = keys;
  const listLive = store.listLive.bind(store);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  store.listLive = async () => {
    store.listLive = listLive;
    const live = await listLive();
    await held;
    return live;
  };
  const reading = keyring.load();
  return { store, keyring, reading, release };
}

it("whoever loads after a change sees it, also while an earlier read is under way", async () => {
  const { store, keyring, reading, release } = await whileReading();
  const { kid } = keyring.signer;
  store.setState(kid, "retired");
  const loading = keyring.load();
  release();
  await loading;
  expect(keyring.keys.map((key) => key.kid)).not.toContain(kid);
  await reading;
});

it("any number of callers meanwhile share one more read", async () => {
  const { store, keyring, reading, release } = await whileReading();
  const before = store.reads;
  const loads = Array.from({ length: 100 }, () => keyring.load());
  release();
  await Promise.all([reading, ...loads]);
  expect(store.reads).toBe(before + 1);
});

it("a read that fails does not fail the one after it", async () => {
  const { store, keyring, reading, release } = await whileReading();
  store.isDown = true;
  const failing = keyring.load();
  release();
  await reading;
  await expect(failing).rejects.toThrow("cannot be reached");
  store.isDown = false;
  await keyring.load();
});

it("a flood of unknown kids during a read causes one more", async () => {
  const { store, keyring, reading, release } = await whileReading();
  const before = store.reads;
  const flood = Array.from({ length: 1_000 }, (_, index) => keyring.findVerificationKey(`unknown ${index}`));
  release();
  await reading;
  expect(new Set(await Promise.all(flood))).toEqual(new Set([null]));
  for (let index = 0; index < 100; index += 1) await keyring.findVerificationKey(`later ${index}`);
  expect(store.reads).toBe(before + 1);
});
