import { describe, expect, it } from "vitest";
import { createSealedBox } from "@/lib/crypto/sealed-box";
import { ALGORITHMS, type Algorithm } from "./algorithms";
import { generateActiveKey } from "./generate-key";
import { Keyring } from "./keyring";
import { HeldClock } from "./testing/held-clock";
import { MemorySigningKeyStore } from "./testing/memory-signing-key-store";

const NOW = new Date("2026-11-24T12:00:00Z");
const box = createSealedBox(["s".repeat(32)]);

function createKeyring(store = new MemorySigningKeyStore(), algorithm: Algorithm = "ES256") {
  const clock = new HeldClock(NOW);
  return { store, clock, keyring: new Keyring({ store, box, clock }, algorithm) };
}

/** Another instance makes a key of an algorithm that this one does not sign with. */
async function addOtherKey(store: MemorySigningKeyStore): Promise<string> {
  const record = await generateActiveKey("access_token", "EdDSA", box, NOW);
  expect(await store.insertActive(record)).toBe(true);
  return record.kid;
}

describe("opening", () => {
  it("makes one key at the first start and none at the second", async () => {
    const { store, keyring } = createKeyring();
    await keyring.open();
    const again = createKeyring(store).keyring;
    await again.open();
    expect(store.rows).toHaveLength(1);
    expect(store.rows[0]).toMatchObject({ kid: keyring.signer.kid, state: "active", createdAt: NOW });
    expect(again.signer.kid).toBe(keyring.signer.kid);
  });

  it("of two instances at once, both sign with the one key that was made", async () => {
    const store = new MemorySigningKeyStore();
    const keyrings = Array.from({ length: 5 }, () => createKeyring(store).keyring);
    await Promise.all(keyrings.map((keyring) => keyring.open()));
    expect(store.rows).toHaveLength(1);
    expect(new Set(keyrings.map(({ signer }) => signer.kid))).toEqual(new Set([store.rows[0]?.kid]));
  });

  it("has no signer before, and says so", () => {
    const { keyring } = createKeyring();
    expect(() => keyring.signer).toThrow("no key that signs");
    expect(JSON.parse(keyring.jwks.body)).toEqual({ keys: [] });
  });

  it("makes no second key where one was made for another algorithm", async () => {
    const { store, keyring } = createKeyring();
    const other = await addOtherKey(store);
    await keyring.open();
    expect(keyring.signer.algorithm).toBe("ES256");
    expect((await keyring.findVerificationKey(other))?.algorithm).toBe("EdDSA");
  });

  it("fails when the store cannot be reached: there is nothing to sign with", async () => {
    const { store, keyring } = createKeyring();
    store.isDown = true;
    await expect(keyring.open()).rejects.toThrow("cannot be reached");
  });

  it.each(Object.keys(ALGORITHMS) as Algorithm[])("signs and verifies with %s", async (algorithm) => {
    const { keyring } = createKeyring(undefined, algorithm);
    await keyring.open();
    const { kid } = keyring.signer;
    expect(keyring.signer).toMatchObject({ algorithm, key: { type: "private", usages: ["sign"] } });
    expect(await keyring.findVerificationKey(kid)).toMatchObject({ kid, algorithm, key: { type: "public" } });
  });
});

describe("looking for a key", () => {
  it("finds a key that another instance has just made, once the cool-down has passed", async () => {
    const { store, clock, keyring } = createKeyring();
    await keyring.open();
    const kid = await addOtherKey(store);
    clock.advanceSeconds(1);
    expect((await keyring.findVerificationKey(kid))?.kid).toBe(kid);
  });

  it("finds it for every request that waits for it, not for the first alone", async () => {
    const { store, clock, keyring } = createKeyring();
    await keyring.open();
    const kid = await addOtherKey(store);
    clock.advanceSeconds(1);
    const found = await Promise.all([1, 2, 3].map(() => keyring.findVerificationKey(kid)));
    expect(found.map((key) => key?.kid)).toEqual([kid, kid, kid]);
  });

  it("reads the store at most once a second however many unknown kids arrive", async () => {
    const { store, clock, keyring } = createKeyring();
    await keyring.open();
    const before = store.reads;
    const flood = Array.from({ length: 2_000 }, (_, index) =>
      keyring.findVerificationKey(`unknown ${index}`),
    );
    expect(new Set(await Promise.all(flood))).toEqual(new Set([null]));
    expect(store.reads).toBe(before);
    for (let second = 1; second <= 3; second += 1) {
      clock.advanceSeconds(1);
      for (let index = 0; index < 500; index += 1) await keyring.findVerificationKey(`unknown ${index}`);
      expect(store.reads).toBe(before + second);
    }
  });

  it("does not read the store for a known kid, until half a minute has passed", async () => {
    const { store, clock, keyring } = createKeyring();
    await keyring.open();
    const before = store.reads;
    clock.advanceSeconds(29);
    await keyring.findVerificationKey(keyring.signer.kid);
    expect(store.reads).toBe(before);
    clock.advanceSeconds(1);
    await keyring.findVerificationKey(keyring.signer.kid);
    expect(store.reads).toBe(before + 1);
  });

  it("finds new keys also after the clock was set back", async () => {
    const { store, clock, keyring } = createKeyring();
    await keyring.open();
    const kid = await addOtherKey(store);
    clock.advanceSeconds(-3600);
    await keyring.findVerificationKey(kid);
    clock.advanceSeconds(1);
    expect((await keyring.findVerificationKey(kid))?.kid).toBe(kid);
  });

  it.each(["__proto__", "constructor", "toString", "../../../dev/null", "' OR 1=1 --", ""])(
    "finds nothing for %j",
    async (kid) => {
      const { keyring } = createKeyring();
      await keyring.open();
      expect(await keyring.findVerificationKey(kid)).toBeNull();
    },
  );

  it("goes on with the keys it knows while the store cannot be reached, asking once a cool-down", async () => {
    const { store, clock, keyring } = createKeyring();
    await keyring.open();
    const { kid } = keyring.signer;
    store.isDown = true;
    clock.advanceSeconds(3600);
    const before = store.reads;
    for (let index = 0; index < 100; index += 1) {
      expect((await keyring.findVerificationKey(kid))?.kid).toBe(kid);
      await expect(keyring.findVerificationKey("unknown")).rejects.toThrow("cannot be reached");
    }
    expect(store.reads).toBe(before + 1);
    expect(keyring.signer.kid).toBe(kid);
  });

  it("finds new keys again when the store is back", async () => {
    const { store, clock, keyring } = createKeyring();
    await keyring.open();
    store.isDown = true;
    clock.advanceSeconds(60);
    await expect(keyring.findVerificationKey("unknown")).rejects.toThrow("cannot be reached");
    store.isDown = false;
    const kid = await addOtherKey(store);
    clock.advanceSeconds(1);
    expect((await keyring.findVerificationKey(kid))?.kid).toBe(kid);
  });
});

describe("a change of the keys", () => {
  it("raises the version, and nothing else does", async () => {
    const { store, clock, keyring } = createKeyring();
    await keyring.open();
    const { version } = keyring;
    clock.advanceSeconds(60);
    await keyring.load();
    expect(keyring.version).toBe(version);
    await addOtherKey(store);
    await keyring.load();
    expect(keyring.version).toBeGreaterThan(version);
  });

  it.each(["retired", "revoked"] as const)("lets a %s key verify no more", async (state) => {
    const { store, keyring } = createKeyring();
    await keyring.open();
    const kid = await addOtherKey(store);
    await keyring.load();
    const { version } = keyring;
    store.setState(kid, state);
    await keyring.load();
    expect(await keyring.findVerificationKey(kid)).toBeNull();
    expect(keyring.version).toBeGreaterThan(version);
  });

  it.each(["staged", "retiring"] as const)("lets a %s key verify but not sign", async (state) => {
    const { store, keyring } = createKeyring();
    await keyring.open();
    const { kid } = keyring.signer;
    store.setState(kid, state);
    const fresh = createKeyring(store).keyring;
    await fresh.open();
    expect((await fresh.findVerificationKey(kid))?.kid).toBe(kid);
    expect(fresh.signer.kid).not.toBe(kid);
  });

  it("signs with the key that is active now, also when the published keys stay the same", async () => {
    const { store, keyring } = createKeyring();
    await keyring.open();
    const earlier = keyring.signer.kid;
    const next = await generateActiveKey("access_token", "ES256", box, NOW);
    store.rows.push({ ...next, state: "staged" });
    await keyring.load();
    expect(keyring.signer.kid).toBe(earlier);

    store.setState(earlier, "retiring");
    store.setState(next.kid, "active");
    await keyring.load();
    expect(keyring.signer.kid).toBe(next.kid);
  });
});
