import { expect, it } from "vitest";
import { readKeyOverview } from "./key-overview";
import { addSecret } from "./keys/testing/add-secret";
import { HeldClock } from "./keys/testing/held-clock";
import { MemorySigningKeyStore } from "./keys/testing/memory-signing-key-store";
import { createTestKeys, type TestKeys } from "./keys/testing/test-keys";
import type { Services } from "./services";

const NOW = new Date("2026-11-24T12:00:00Z");
const OTHER_SECRET = "another secret, thirty-two bytes long";

const read = ({ keyring, store }: TestKeys) => {
  const list = async () => store.rows.map((row) => ({ ...row, signedCount: 0, lastSignedAt: null }));
  const stores = { signingKeys: { list } } as unknown as Services["stores"];
  return readKeyOverview({ keyring, stores }, 10);
};

it("says of each line which key signs and which is next, of our own pages first", async () => {
  const keys = createTestKeys({ clock: new HeldClock(NOW) });
  await keys.open();
  keys.store.needed = ["EdDSA"];
  await keys.open();
  await addSecret(keys, "billing");
  const { lines, signingKid, next } = await read(keys);
  const [a, b, c, d] = keys.store.rows;
  expect(lines).toEqual([
    {
      algorithm: "ES256",
      signsFor: "own_pages",
      signingKid: a?.kid,
      next: { kid: b?.kid, at: b?.activatesAt },
    },
    {
      algorithm: "EdDSA",
      signsFor: "audiences",
      signingKid: c?.kid,
      next: { kid: d?.kid, at: d?.activatesAt },
    },
  ]);
  keys.store.needed = ["EdDSA", "ES256"];
  expect((await read(keys)).lines.map(({ signsFor }) => signsFor)).toEqual(["both", "audiences"]);
  expect({ signingKid, next }).toEqual({ signingKid: a?.kid, next: lines[0]?.next });
});

it("says which key stands in for our own, and of nothing for an audience", async () => {
  const keys = createTestKeys({ clock: new HeldClock(NOW) });
  await keys.open();
  const other = createTestKeys({ clock: new HeldClock(NOW), store: keys.store, algorithm: "EdDSA" });
  keys.store.needed = ["RS256"];
  const { lines } = await read(other);
  const { kid } = keys.keyring.signer;
  expect(lines).toEqual([
    { algorithm: "EdDSA", signsFor: "own_pages", signingKid: kid, next: null },
    { algorithm: "RS256", signsFor: "audiences", signingKid: null, next: null },
  ]);
});

it("says what this instance can do with the secrets of audiences", async () => {
  const clock = new HeldClock(NOW);
  const store = new MemorySigningKeyStore(clock);
  const keys = createTestKeys({ clock, store });
  await addSecret(keys, "billing");
  await addSecret(createTestKeys({ clock, store, secrets: [OTHER_SECRET] }), "shipping");
  const shown = (await read(keys)).keys.map(({ use, standing, problem }) => [
    use,
    standing,
    problem !== null,
  ]);
  expect(shown).toEqual([
    ["audience:billing", "preferred", false],
    ["audience:shipping", "foreign", true],
  ]);
});
