import { describe, expect, it } from "vitest";
import { ALGORITHMS, type Algorithm } from "./algorithms";
import { isSigningUnavailable } from "./custody";
import { HeldClock } from "./testing/held-clock";
import { createRecord } from "./testing/key-records";
import { createTestKeys, type TestKeys } from "./testing/test-keys";

const NOW = new Date("2026-11-24T12:00:00Z");
const DATA = Buffer.from("text");

async function openTestKeys(algorithm: Algorithm = "ES256") {
  const clock = new HeldClock(NOW);
  const keys = createTestKeys({ clock, algorithm });
  await keys.open();
  return { clock, keys, store: keys.store, keyring: keys.keyring };
}

/** Another instance publishes a key. */
async function addOtherKey({ store, sealed }: TestKeys): Promise<string> {
  const record = await createRecord(sealed, "EdDSA", { state: "staged", activatesAt: NOW });
  store.rows.push(record);
  return record.kid;
}

const publishedKids = ({ keyring }: Pick<TestKeys, "keyring">): string[] =>
  (JSON.parse(keyring.jwks.body) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);

describe("the first load", () => {
  it("finds nothing in an empty store, and says so", async () => {
    const { keyring, store } = createTestKeys({ clock: new HeldClock(NOW) });
    expect(() => keyring.signer).toThrow("no key that signs");
    await keyring.load();
    expect(() => keyring.signer).toThrow("no key that signs");
    expect(publishedKids({ keyring })).toEqual([]);
    expect(store.rows).toEqual([]);
  });

  it("fails when the store cannot be reached: there is nothing to sign with", async () => {
    const { keyring, store } = createTestKeys({ clock: new HeldClock(NOW) });
    store.isDown = true;
    await expect(keyring.load()).rejects.toThrow("cannot be reached");
  });

  it.each(Object.keys(ALGORITHMS) as Algorithm[])("signs and verifies with %s", async (algorithm) => {
    const { keyring } = await openTestKeys(algorithm);
    const { kid } = keyring.signer;
    expect(keyring.signer.algorithm).toBe(algorithm);
    expect(await keyring.findVerificationKey(kid)).toMatchObject({ kid, algorithm });
    expect(keyring.algorithms).toEqual(new Set([algorithm]));
  });

  it("verifies by public keys alone, and by a secret only where it must", async () => {
    const { keyring } = await openTestKeys();
    const found = await keyring.findVerificationKey(keyring.signer.kid);
    expect(found?.key).toMatchObject({ type: "public", usages: ["verify"] });
    const { keyring: secrets } = await openTestKeys("HS256");
    expect((await secrets.findVerificationKey(secrets.signer.kid))?.key).toMatchObject({
      type: "secret",
      extractable: false,
      usages: ["verify"],
    });
  });
});

describe("looking for a key", () => {
  it("finds a key that another instance has just made", async () => {
    const { keys, keyring } = await openTestKeys();
    const kid = await addOtherKey(keys);
    expect((await keyring.findVerificationKey(kid))?.kid).toBe(kid);
  });

  it("finds it for every request that waits for it, not for the first alone", async () => {
    const { keys, keyring } = await openTestKeys();
    const kid = await addOtherKey(keys);
    const found = await Promise.all([1, 2, 3].map(() => keyring.findVerificationKey(kid)));
    expect(found.map((key) => key?.kid)).toEqual([kid, kid, kid]);
  });

  it("reads the store once a second however many unknown kids arrive", async () => {
    const { store, clock, keyring } = await openTestKeys();
    const before = store.reads;
    for (let second = 1; second <= 3; second += 1) {
      const flood = Array.from({ length: 10_000 }, () => keyring.findVerificationKey(crypto.randomUUID()));
      expect(new Set(await Promise.all(flood))).toEqual(new Set([null]));
      expect(store.reads).toBe(before + second);
      clock.advanceSeconds(0.999);
      for (let index = 0; index < 100; index += 1) await keyring.findVerificationKey(`unknown ${index}`);
      expect(store.reads).toBe(before + second);
      clock.advanceSeconds(0.001);
    }
  });

  it("finds a key that was made within the cool-down as soon as it has passed", async () => {
    const { keys, clock, keyring } = await openTestKeys();
    await keyring.findVerificationKey("unknown");
    const kid = await addOtherKey(keys);
    expect(await keyring.findVerificationKey(kid)).toBeNull();
    clock.advanceSeconds(1);
    expect((await keyring.findVerificationKey(kid))?.kid).toBe(kid);
  });

  it("does not read the store for a kid it knows", async () => {
    const { store, clock, keyring } = await openTestKeys();
    const before = store.reads;
    clock.advanceSeconds(3600);
    await keyring.findVerificationKey(keyring.keys[0]?.kid ?? "");
    expect(store.reads).toBe(before);
  });

  it("finds new keys also after the clock was set back", async () => {
    const { keys, clock, keyring } = await openTestKeys();
    await keyring.findVerificationKey("unknown");
    const kid = await addOtherKey(keys);
    clock.advanceSeconds(-3600);
    expect((await keyring.findVerificationKey(kid))?.kid).toBe(kid);
  });

  it.each(["__proto__", "constructor", "toString", "../../../dev/null", "' OR 1=1 --", ""])(
    "finds nothing for %j",
    async (kid) => {
      const { keyring } = await openTestKeys();
      expect(await keyring.findVerificationKey(kid)).toBeNull();
    },
  );

  it("goes on with the keys it knows while the store cannot be reached, asking once a cool-down", async () => {
    const { store, clock, keyring } = await openTestKeys();
    const { kid } = keyring.signer;
    store.isDown = true;
    clock.advanceSeconds(3600);
    const before = store.reads;
    for (let index = 0; index < 100; index += 1) {
      expect((await keyring.findVerificationKey(kid))?.kid).toBe(kid);
      await expect(keyring.findVerificationKey("unknown")).rejects.toThrow("cannot be reached");
    }
    expect(store.reads).toBe(before + 1);
    expect(publishedKids({ keyring })).toContain(kid);
  });

  it("finds new keys again when the store is back", async () => {
    const { keys, store, clock, keyring } = await openTestKeys();
    store.isDown = true;
    await expect(keyring.findVerificationKey("unknown")).rejects.toThrow("cannot be reached");
    store.isDown = false;
    const kid = await addOtherKey(keys);
    clock.advanceSeconds(1);
    expect((await keyring.findVerificationKey(kid))?.kid).toBe(kid);
  });
});

describe("a change of the keys", () => {
  it("shows in the version when a key begins to verify, and when one ends to", async () => {
    const { keys, store, keyring } = await openTestKeys();
    const before = keyring.version;
    const kid = await addOtherKey(keys);
    await keyring.load();
    expect(keyring.version).toBe(before + 1);
    store.setState(kid, "revoked");
    await keyring.load();
    expect(keyring.version).toBe(before + 2);
  });

  it("does not show in the version otherwise", async () => {
    const { keys, store, clock, keyring } = await openTestKeys();
    const { version } = keyring;
    const [active, staged] = store.rows;
    if (active === undefined || staged === undefined) throw new Error("Two keys were expected.");
    clock.advanceSeconds(60);
    await keyring.load();
    store.setState(active.kid, "retiring");
    await keyring.load();
    store.setState(staged.kid, "active");
    await keyring.load();
    await store.update({ ...staged, activatesAt: NOW });
    await keyring.load();
    await store.update({ ...staged, ...keys.sealed.seal(staged, Buffer.from("another")) });
    await keyring.load();
    expect(keyring.version).toBe(version);
  });

  it.each(["retired", "revoked"] as const)("lets a %s key verify no more", async (state) => {
    const { keys, store, keyring } = await openTestKeys();
    const kid = await addOtherKey(keys);
    await keyring.load();
    expect(publishedKids(keys)).toContain(kid);
    store.setState(kid, state);
    await keyring.load();
    expect(await keyring.findVerificationKey(kid)).toBeNull();
    expect(publishedKids(keys)).not.toContain(kid);
  });

  it.each(["staged", "retiring"] as const)("lets a %s key verify but not sign", async (state) => {
    const { keys, store, keyring } = await openTestKeys();
    const { kid } = keyring.signer;
    store.setState(kid, state);
    await keyring.load();
    expect((await keyring.findVerificationKey(kid))?.kid).toBe(kid);
    expect(publishedKids(keys)).toContain(kid);
    expect(() => keyring.signer).toThrow("no key that signs");
  });

  it("signs with the key that is active now, also when the published keys stay the same", async () => {
    const { store, keyring } = await openTestKeys();
    const [active, staged] = store.rows.map(({ kid }) => kid);
    store.setState(active ?? "", "retiring");
    store.setState(staged ?? "", "active");
    await keyring.load();
    expect(keyring.signer.kid).toBe(staged);
  });

  it("is read once more by all who ask while it is being read", async () => {
    const { store, keyring } = await openTestKeys();
    const before = store.reads;
    await Promise.all([keyring.load(), keyring.load(), keyring.findVerificationKey("unknown")]);
    expect(store.reads).toBe(before + 2);
  });
});

describe("the key that signs", () => {
  const rotateElsewhere = ({ store }: TestKeys): string => {
    const [active, staged] = store.rows.map(({ kid }) => kid);
    store.setState(active ?? "", "retiring");
    store.setState(staged ?? "", "active");
    return staged ?? "";
  };

  it("is taken as it was last read, for half a minute", async () => {
    const { store, clock, keyring } = await openTestKeys();
    const before = store.reads;
    clock.advanceSeconds(30);
    expect((await keyring.findSigner()).kid).toBe(keyring.signer.kid);
    expect(store.reads).toBe(before);
  });

  it.each([30.001, 86_400, -30.001])("is read again before it signs after %d s", async (seconds) => {
    const { keys, store, clock, keyring } = await openTestKeys();
    const before = store.reads;
    const kid = rotateElsewhere(keys);
    clock.advanceSeconds(seconds);
    expect((await keyring.findSigner()).kid).toBe(kid);
    expect((await keyring.findSigner()).kid).toBe(kid);
    expect(store.reads).toBe(before + 1);
  });

  it("does not sign after half a minute while it cannot be read, and does as soon as it can", async () => {
    const { store, clock, keyring } = await openTestKeys();
    const { kid } = keyring.signer;
    store.isDown = true;
    clock.advanceSeconds(31);
    await expect(keyring.findSigner()).rejects.toThrow("cannot be reached");
    await expect(keyring.findSigner()).rejects.toThrow("cannot be reached");
    store.isDown = false;
    expect((await keyring.findSigner()).kid).toBe(kid);
  });

  it("is said to be missing, where there is none, as an outage of signing", async () => {
    const { keyring } = createTestKeys({ clock: new HeldClock(NOW) });
    await keyring.load();
    await expect(keyring.findSigner()).rejects.toSatisfy(isSigningUnavailable);
  });
});

describe("secrets that both sign and verify", () => {
  it("verify in every state they live in, and are in no JWKS", async () => {
    const { keys, store, keyring } = await openTestKeys("HS256");
    const kids = store.rows.map(({ kid }) => kid);
    expect(kids).toHaveLength(2);
    store.setState(kids[0] ?? "", "retiring");
    store.setState(kids[1] ?? "", "active");
    await keyring.load();
    const hmac = { name: "HMAC", hash: { name: "SHA-256" }, length: 256 };
    for (const kid of kids) expect((await keyring.findVerificationKey(kid))?.key.algorithm).toEqual(hmac);
    expect(publishedKids(keys)).toEqual([]);
  });

  it("do not verify where they cannot be opened", async () => {
    const { store, clock } = await openTestKeys("HS256");
    const elsewhere = createTestKeys({ clock, store, secrets: ["another secret, thirty-two bytes long"] });
    await elsewhere.keyring.load();
    for (const { kid } of store.rows) expect(await elsewhere.keyring.findVerificationKey(kid)).toBeNull();
    expect(elsewhere.keyring.algorithms).toEqual(new Set());
  });
});

it("tells of each signature which key made it and how long that took", async () => {
  const { keys, keyring } = await openTestKeys();
  const { kid } = keyring.signer;
  expect(keys.signed).toEqual([]);
  await keyring.signer.sign(DATA);
  await keyring.signer.sign(DATA);
  expect(keys.signed.map(([signedBy]) => signedBy)).toEqual([kid, kid]);
  for (const [, seconds] of keys.signed) expect(seconds).toBeGreaterThan(0);
});
