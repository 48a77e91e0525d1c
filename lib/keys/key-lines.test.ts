import { beforeEach, describe, expect, it, vi } from "vitest";
import { COMMAND_LINE } from "@/lib/audit/actor";
import { addSeconds } from "@/lib/crypto/clock";
import type { Algorithm } from "./algorithms";
import { isSigningUnavailable, SigningUnavailableError } from "./custody";
import { advanceKeys, requestRotation } from "./rotation";
import { FakeSigner } from "./testing/fake-signer";
import { HeldClock } from "./testing/held-clock";
import { DAY_SECONDS, nameOf, publishedBy, signerOf, statesOf } from "./testing/key-story";
import { MemorySigningKeyStore } from "./testing/memory-signing-key-store";
import { createTestKeys, TEST_SCHEDULE, type TestKeys } from "./testing/test-keys";

// Audiences that need keys of other algorithms than our own pages.

const NOW = new Date("2026-11-24T12:00:00Z");
const R = TEST_SCHEDULE.rotationSeconds;
const DATA = Buffer.from("text");

let clock: HeldClock;
let store: MemorySigningKeyStore;
let keys: TestKeys;
beforeEach(() => {
  clock = new HeldClock(NOW);
  store = new MemorySigningKeyStore(clock);
  keys = createTestKeys({ clock, store });
});

const openAt = async (seconds: number, process = keys) => {
  clock.moveTo(addSeconds(NOW, seconds));
  await process.open();
};
const findSigner = (algorithm: Algorithm, { keyring } = keys) =>
  keyring.findSignerFor("access_token", algorithm);
const signs = async (algorithm: Algorithm) => nameOf(store, (await findSigner(algorithm)).kid);
/** The states of the keys of one algorithm, the first first. */
const lineOf = (algorithm: Algorithm) =>
  store.rows
    .filter((row) => row.algorithm === algorithm)
    .map(({ state }) => state)
    .join(" ");

/** A custody that makes no keys of this algorithm, as some signers outside. */
function breakFor(unmade: Algorithm) {
  const generate = keys.custody.generate.bind(keys.custody);
  return vi.spyOn(keys.custody, "generate").mockImplementation(async (use, algorithm) => {
    if (algorithm === unmade) throw new SigningUnavailableError(`No ${unmade} here.`);
    return generate(use, algorithm);
  });
}

describe("the lines of keys", () => {
  it("are one, while no audience needs another algorithm", async () => {
    await openAt(0);
    expect(statesOf(store)).toBe("active staged");
    store.needed = ["ES256"];
    await openAt(1);
    expect(statesOf(store)).toBe("active staged");
    expect(await signs("ES256")).toBe("k1");
    await expect(findSigner("EdDSA")).rejects.toSatisfy(isSigningUnavailable);
  });

  it("each have a key that signs and one that is staged, as soon as an audience needs them", async () => {
    await openAt(0);
    store.needed = ["EdDSA", "RS256"];
    await openAt(60);
    expect(store.rows.map(({ algorithm, state }) => `${algorithm} ${state}`)).toEqual([
      "ES256 active",
      "ES256 staged",
      "EdDSA active",
      "RS256 active",
      "EdDSA staged",
      "RS256 staged",
    ]);
    expect([signerOf(keys), await signs("EdDSA"), await signs("RS256")]).toEqual(["k1", "k3", "k4"]);
    expect(publishedBy(keys)).toBe("k1 k2 k3 k4 k5 k6");
    await (await findSigner("EdDSA")).sign(DATA);
    expect(keys.signed.map(([kid]) => nameOf(store, kid))).toEqual(["k3"]);
  });

  it("rotate each at its own time", async () => {
    await openAt(0);
    store.needed = ["EdDSA"];
    await openAt(DAY_SECONDS);
    await openAt(R);
    expect([lineOf("ES256"), lineOf("EdDSA")]).toEqual(["retiring active staged", "active staged"]);
    await openAt(R + DAY_SECONDS);
    expect([lineOf("ES256"), lineOf("EdDSA")]).toEqual(["retired active staged", "retiring active staged"]);
    expect(await signs("EdDSA")).toBe("k4");
  });

  it("are taken care of once, however many processes do", async () => {
    store.needed = ["EdDSA"];
    const processes = Array.from({ length: 4 }, () => createTestKeys({ clock, store }));
    const openAll = () => Promise.all(processes.map(({ open }) => open()));
    await openAll();
    await openAll();
    expect([lineOf("ES256"), lineOf("EdDSA")]).toEqual(["active staged", "active staged"]);
    const kids = await Promise.all(processes.map((process) => findSigner("EdDSA", process)));
    expect(new Set(kids.map(({ kid }) => kid)).size).toBe(1);
  });

  it("are cleared away a day after the time of their keys when no audience needs them any more", async () => {
    store.needed = ["EdDSA"];
    await openAt(0);
    await openAt(DAY_SECONDS);
    store.needed = [];
    await openAt(R - 1);
    expect(lineOf("EdDSA")).toBe("active staged");
    await openAt(R + DAY_SECONDS);
    expect(lineOf("EdDSA")).toBe("retiring retired");
    await openAt(R + DAY_SECONDS + TEST_SCHEDULE.retiringSeconds);
    expect(lineOf("EdDSA")).toBe("retired retired");
  });

  it("sign with just their algorithm also where our own pages have changed to another", async () => {
    await openAt(0);
    store.needed = ["ES256"];
    const other = createTestKeys({ clock, store, algorithm: "EdDSA" });
    await openAt(5 * DAY_SECONDS, other);
    expect(signerOf(other)).toBe("k1");
    await openAt(5 * DAY_SECONDS + 900, other);
    expect(other.keyring.signer.algorithm).toBe("EdDSA");
    expect((await findSigner("ES256", other)).algorithm).toBe("ES256");
    await openAt(3 * R, other);
    expect(lineOf("ES256")).toMatch(/active staged$/);
  });

  it("all live at a signer outside, where there is one", async () => {
    const signer = new FakeSigner(clock);
    keys = createTestKeys({ clock, store, signer });
    store.needed = ["EdDSA"];
    await openAt(0);
    expect(signer.kids).toHaveLength(4);
    await (await findSigner("EdDSA")).sign(DATA);
    signer.isAway = true;
    await expect((await findSigner("EdDSA")).sign(DATA)).rejects.toSatisfy(isSigningUnavailable);
    // Known from then on, without asking.
    await keys.keyring.load();
    await expect(findSigner("EdDSA")).rejects.toThrow("does not answer");
  });
});

describe("a key that cannot be made", () => {
  it("keeps no other line from moving, and is made as soon as it can be", async () => {
    store.needed = ["EdDSA", "RS256"];
    const broken = breakFor("EdDSA");
    await expect(openAt(0)).rejects.toThrow("No EdDSA here");
    expect([lineOf("ES256"), lineOf("EdDSA"), lineOf("RS256")]).toEqual([
      "active staged",
      "",
      "active staged",
    ]);
    await expect(openAt(R)).rejects.toThrow("No EdDSA here");
    expect(lineOf("ES256")).toBe("retiring active staged");
    await expect(findSigner("EdDSA")).rejects.toSatisfy(isSigningUnavailable);
    broken.mockRestore();
    await keys.open();
    expect(lineOf("EdDSA")).toBe("active staged");
    expect((await findSigner("EdDSA")).algorithm).toBe("EdDSA");
  });

  it("keeps nobody from rotating another line, and only its own from being rotated", async () => {
    store.needed = ["EdDSA"];
    breakFor("EdDSA");
    await expect(openAt(0)).rejects.toThrow("No EdDSA here");
    clock.advanceSeconds(1000);
    const { kid } = await requestRotation(keys, COMMAND_LINE, null);
    expect([nameOf(store, kid), signerOf(keys)]).toEqual(["k2", "k2"]);
    await expect(requestRotation(keys, COMMAND_LINE, null, "EdDSA")).rejects.toThrow("No EdDSA here");
  });
});

describe("rotate now", () => {
  it("rotates the line that is asked for, and no other", async () => {
    store.needed = ["EdDSA"];
    await openAt(0);
    clock.advanceSeconds(1000);
    const { kid, signsFrom } = await requestRotation(keys, COMMAND_LINE, "a drill", "EdDSA");
    expect(signsFrom).toEqual(clock.now());
    expect((await findSigner("EdDSA")).kid).toBe(kid);
    expect([lineOf("ES256"), lineOf("EdDSA")]).toEqual(["active staged", "retiring active staged"]);
    const requested = store.events.find(({ type }) => type === "signing_key.rotation_requested");
    expect(requested?.details).toMatchObject({ kid, algorithm: "EdDSA", note: "a drill" });
  });

  it("says which algorithms there are when it is asked for another", async () => {
    store.needed = ["EdDSA"];
    await openAt(0);
    await expect(requestRotation(keys, COMMAND_LINE, null, "RS256")).rejects.toMatchObject({
      code: "invalid_request",
      fields: { algorithm: "Nothing is signed with RS256 here. Choose ES256 or EdDSA." },
    });
  });
});

describe("the key that signs by an algorithm", () => {
  it("is looked for once a cool-down while there is none, and found as soon as it is made", async () => {
    await openAt(0);
    const before = store.reads;
    for (let asked = 0; asked < 100; asked += 1) {
      await expect(findSigner("EdDSA")).rejects.toSatisfy(isSigningUnavailable);
    }
    expect(store.reads).toBe(before + 1);
    store.needed = ["EdDSA"];
    const other = createTestKeys({ clock, store });
    await other.open();
    clock.advanceSeconds(1);
    expect((await findSigner("EdDSA")).kid).toBe((await findSigner("EdDSA", other)).kid);
  });

  it("is read again before it signs where that was not done for half a minute", async () => {
    store.needed = ["EdDSA"];
    await openAt(0);
    const other = createTestKeys({ clock, store });
    clock.advanceSeconds(1000);
    const { kid } = await requestRotation(other, COMMAND_LINE, null, "EdDSA");
    expect((await findSigner("EdDSA")).kid).toBe(kid);
    store.isDown = true;
    clock.advanceSeconds(31);
    await expect(findSigner("EdDSA")).rejects.toThrow("cannot be reached");
  });

  it("costs no read while it is known", async () => {
    store.needed = ["EdDSA"];
    await openAt(0);
    const before = store.reads;
    clock.advanceSeconds(30);
    await findSigner("EdDSA");
    expect(store.reads).toBe(before);
  });
});

it("a step planned for one line takes no key that was made for another", async () => {
  await openAt(0);
  store.needed = ["EdDSA"];
  await keys.keyring.load();
  const generate = keys.custody.generate.bind(keys.custody);
  vi.spyOn(keys.custody, "generate").mockImplementationOnce(async (use, algorithm) => {
    // Meanwhile the audience is removed, and one that needs another algorithm made.
    store.needed = ["RS256"];
    return generate(use, algorithm);
  });
  await advanceKeys(keys);
  expect(lineOf("EdDSA")).toBe("");
  expect(lineOf("RS256")).toBe("active staged");
});
