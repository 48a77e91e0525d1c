import { describe, expect, it, test } from "vitest";
import { createSealedBox } from "@/lib/crypto/sealed-box";
import { SealedCustody } from "./sealed-custody";
import type { SigningKeyRecord } from "./signing-key";
import { HeldClock } from "./testing/held-clock";
import { createRecord } from "./testing/key-records";
import type { MemorySigningKeyStore } from "./testing/memory-signing-key-store";
import { createTestKeys, TEST_SECRET } from "./testing/test-keys";

const NOW = new Date("2026-11-24T12:00:00Z");
const OTHER_SECRET = "another secret, thirty-two bytes long";
const sealed = new SealedCustody(createSealedBox([TEST_SECRET]));

/** The two keys of a first start: the one that signs, and the one staged beside it. */
async function firstKeys(clock = new HeldClock(NOW)) {
  const { store, open } = createTestKeys({ clock });
  await open();
  const [active, staged] = store.rows;
  if (active === undefined || staged === undefined) throw new Error("Two keys were expected.");
  return { clock, store, active, staged };
}

/** A process that starts on these keys, with its own secret. */
async function start(store: MemorySigningKeyStore, clock: HeldClock, secrets = [TEST_SECRET]) {
  const keys = createTestKeys({ clock, store, secrets });
  await keys.open();
  return keys;
}

const replaceRow = (store: MemorySigningKeyStore, kid: string, changes: Partial<SigningKeyRecord>): void => {
  store.rows = store.rows.map((row) => (row.kid === kid ? { ...row, ...changes } : row));
};

const flipped = (bytes: Uint8Array | null, at: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(bytes ?? []).map((byte, index) => (index === at ? byte ^ 1 : byte));

describe("a key that signs and was tampered with", () => {
  it("is reported by its kid and stopped; the staged key signs", async () => {
    const { clock, store, active, staged } = await firstKeys();
    replaceRow(store, active.kid, { sealedPrivateKey: flipped(active.sealedPrivateKey, 40) });
    const { keyring, problems } = await start(store, clock);
    expect(problems).toEqual([expect.stringContaining(active.kid)]);
    expect(problems[0]).toContain("is refused");
    expect(keyring.signer.kid).toBe(staged.kid);
    expect(store.rows.map(({ state }) => state)).toEqual(["retiring", "active", "staged"]);
  });

  it("still verifies what it signed before, for its public part is whole", async () => {
    const { clock, store, active } = await firstKeys();
    replaceRow(store, active.kid, { sealedPrivateKey: flipped(active.sealedPrivateKey, 40) });
    const { keyring } = await start(store, clock);
    expect((await keyring.findVerificationKey(active.kid))?.kid).toBe(active.kid);
  });

  it("makes way for a new key when the staged one was tampered with too", async () => {
    const { clock, store, active, staged } = await firstKeys();
    replaceRow(store, active.kid, { sealedPrivateKey: flipped(active.sealedPrivateKey, 40) });
    replaceRow(store, staged.kid, { sealedPrivateKey: new Uint8Array() });
    const { keyring, problems } = await start(store, clock);
    expect(problems.toSorted()).toEqual(
      [active.kid, staged.kid].toSorted().map((kid) => expect.stringContaining(kid)),
    );
    expect([active.kid, staged.kid]).not.toContain(keyring.signer.kid);
    expect(store.rows.map(({ state }) => state)).toEqual(["retiring", "retired", "active", "staged"]);
  });
});

describe("a public key that its kid does not name", () => {
  const swaps: [string, (other: SigningKeyRecord) => Partial<SigningKeyRecord>][] = [
    ["the public part of another key", ({ publicJwk }) => ({ publicJwk })],
    ["another key, whole", ({ publicJwk, sealedPrivateKey }) => ({ publicJwk, sealedPrivateKey })],
    ["a secret in the place of a public key", () => ({ publicJwk: { kty: "oct", k: "c2VjcmV0" } })],
    ["no key", () => ({ publicJwk: { kty: "EC" } })],
    ["an algorithm of another type of key", () => ({ algorithm: "RS256" })],
    ["an algorithm of secrets", () => ({ algorithm: "HS256" })],
    ["another type of key for its algorithm", () => ({ algorithm: "HS256", publicJwk: { kty: "oct" } })],
  ];

  test.each(swaps)("%s: neither verifies nor is published nor signs", async (_name, swap) => {
    const { clock, store, active, staged } = await firstKeys();
    replaceRow(store, active.kid, swap(await createRecord(sealed, "ES256")));
    const { keyring, problems } = await start(store, clock);
    expect(await keyring.findVerificationKey(active.kid)).toBeNull();
    expect(keyring.jwks.body).not.toContain(active.kid);
    expect(keyring.jwks.body).toContain(staged.kid);
    expect(keyring.algorithms).toEqual(new Set(["ES256"]));
    expect(keyring.signer.kid).toBe(staged.kid);
    expect(problems).toEqual([expect.stringContaining(`Signing key ${active.kid} is refused`)]);
  });

  it("is not believed of a key either that has stopped signing and holds nothing sealed", async () => {
    const { clock, store, staged } = await firstKeys();
    const { publicJwk } = await createRecord(sealed, "ES256");
    const retiring = await createRecord(sealed, "ES256", {
      state: "retiring",
      retiringAt: NOW,
      sealedPrivateKey: null,
    });
    store.rows.push({ ...retiring, publicJwk });
    const { keyring } = await start(store, clock);
    expect(await keyring.findVerificationKey(retiring.kid)).toBeNull();
    expect(keyring.jwks.body).not.toContain(retiring.kid);
    expect(keyring.jwks.body).toContain(staged.kid);
  });
});

describe("a key sealed under another secret", () => {
  it("is reported with its kid and the remedy, and without any secret", async () => {
    const { clock, store, active, staged } = await firstKeys();
    const { problems } = await start(store, clock, [OTHER_SECRET]);
    expect(problems).toHaveLength(2);
    for (const [index, { kid }] of [active, staged].entries()) {
      expect(problems[index]).toContain(`Signing key ${kid} cannot be opened`);
      expect(problems[index]).toContain("APP_SECRET=new,earlier");
      expect(problems[index]).not.toContain("\n");
    }
    for (const secret of [OTHER_SECRET, TEST_SECRET]) expect(problems.join()).not.toContain(secret);
  });

  it("is left to those who can open it, and its tokens are accepted", async () => {
    const { clock, store, active, staged } = await firstKeys();
    const { keyring } = await start(store, clock, [OTHER_SECRET]);
    expect(keyring.signer.kid).not.toBe(active.kid);
    expect(await keyring.findVerificationKey(active.kid)).not.toBeNull();
    expect(store.rows.slice(0, 2)).toEqual([active, staged]);
    const { keyring: elsewhere } = await start(store, clock);
    expect(elsewhere.signer.kid).toBe(active.kid);
    expect(await elsewhere.findVerificationKey(keyring.signer.kid)).not.toBeNull();
  });

  it("signs where the earlier secret stands behind the new one, as the message says", async () => {
    const { clock, store, active } = await firstKeys();
    const { keyring, problems } = await start(store, clock, [OTHER_SECRET, TEST_SECRET]);
    expect(keyring.signer.kid).toBe(active.kid);
    expect(problems).toEqual([]);
  });
});

describe("a problem", () => {
  it("is reported once, however often the keys are read", async () => {
    const { clock, store } = await firstKeys();
    const keys = await start(store, clock, [OTHER_SECRET]);
    for (let reads = 0; reads < 5; reads += 1) {
      clock.advanceSeconds(900);
      await keys.open();
    }
    expect(keys.problems).toHaveLength(2);
  });

  it("is reported once also while nothing signs and each read tries again", async () => {
    const { clock, store } = await firstKeys();
    const keys = createTestKeys({ clock, store, secrets: [OTHER_SECRET] });
    for (let reads = 0; reads < 5; reads += 1) await keys.keyring.load();
    expect(() => keys.keyring.signer).toThrow("no key that signs");
    expect(keys.problems).toHaveLength(2);
  });

  it("does not keep the other keys from being read", async () => {
    const { clock, store } = await firstKeys();
    const other = await createRecord(sealed, "RS256", { state: "staged", activatesAt: NOW });
    store.rows.unshift({ ...other, sealedPrivateKey: new Uint8Array(3) });
    const { keyring } = await start(store, clock);
    expect(keyring.signer.algorithm).toBe("ES256");
  });
});
