import { describe, expect, it, test } from "vitest";
import { createSealedBox, SealedBoxError } from "@/lib/crypto/sealed-box";
import { generateActiveKey } from "./generate-key";
import { Keyring } from "./keyring";
import { type SigningKeyRecord, sealingContext } from "./signing-key";
import { HeldClock } from "./testing/held-clock";
import { MemorySigningKeyStore } from "./testing/memory-signing-key-store";

const NOW = new Date("2026-11-24T12:00:00Z");
const EARLIER_SECRET = "the earlier secret, 32 bytes or more";
const NEW_SECRET = "the new secret, of 32 bytes or more!";

async function openWith(secrets: string[], record: SigningKeyRecord): Promise<Keyring> {
  const store = new MemorySigningKeyStore();
  store.rows = [record];
  const keyring = new Keyring({ store, box: createSealedBox(secrets), clock: new HeldClock(NOW) }, "ES256");
  await keyring.open();
  return keyring;
}

const makeKey = () => generateActiveKey("access_token", "ES256", createSealedBox([EARLIER_SECRET]), NOW);
const sealedOf = (record: SigningKeyRecord): Uint8Array<ArrayBuffer> => {
  if (record.sealedPrivateKey === null) throw new Error("Not sealed.");
  return record.sealedPrivateKey;
};
const flip = (bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));

describe("a key sealed under another secret", () => {
  it("is refused by its kid, with the remedy, and without any secret", async () => {
    const record = await makeKey();
    const error = await openWith([NEW_SECRET], record).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SealedBoxError);
    const { message } = error as SealedBoxError;
    expect(message).toContain(record.kid);
    expect(message).toContain("APP_SECRET=new,earlier");
    expect(message).not.toContain("\n");
    expect(message).not.toContain(NEW_SECRET);
  });

  it("opens when the earlier secret stands behind the new one, as the message says", async () => {
    const record = await makeKey();
    const keyring = await openWith([NEW_SECRET, EARLIER_SECRET], record);
    expect(keyring.signer.kid).toBe(record.kid);
  });
});

describe("a row that was changed", () => {
  const changes: [string, (record: SigningKeyRecord, other: SigningKeyRecord) => SigningKeyRecord][] = [
    ["another kid", (record) => ({ ...record, kid: "moved" })],
    [
      "the sealed part of another key",
      (record, other) => ({ ...record, sealedPrivateKey: other.sealedPrivateKey }),
    ],
    [
      "a flipped bit in the version",
      (record) => ({ ...record, sealedPrivateKey: flip(sealedOf(record), 0) }),
    ],
    ["a flipped bit in the key id", (record) => ({ ...record, sealedPrivateKey: flip(sealedOf(record), 1) })],
    ["a flipped bit in the nonce", (record) => ({ ...record, sealedPrivateKey: flip(sealedOf(record), 9) })],
    ["a flipped bit in the text", (record) => ({ ...record, sealedPrivateKey: flip(sealedOf(record), 40) })],
    [
      "a flipped bit in the tag",
      (record) => ({ ...record, sealedPrivateKey: flip(sealedOf(record), sealedOf(record).length - 1) }),
    ],
    ["the last byte missing", (record) => ({ ...record, sealedPrivateKey: sealedOf(record).slice(0, -1) })],
    [
      "all but a few bytes missing",
      (record) => ({ ...record, sealedPrivateKey: sealedOf(record).slice(0, 12) }),
    ],
    ["an empty sealed part", (record) => ({ ...record, sealedPrivateKey: new Uint8Array() })],
  ];

  test.each(changes)("%s: refused by its kid", async (_name, change) => {
    const changed = change(await makeKey(), await makeKey());
    const error = await openWith([EARLIER_SECRET], changed).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SealedBoxError);
    expect((error as SealedBoxError).message).toContain(changed.kid);
  });

  it("binds the sealed part to kid, use and algorithm, each on its own", () => {
    const key = { kid: "a", use: "access_token", algorithm: "ES256" } as const;
    const contexts = [
      sealingContext(key),
      sealingContext({ ...key, kid: "b" }),
      sealingContext({ ...key, algorithm: "EdDSA" }),
      sealingContext({ ...key, kid: 'a","access_token' }),
    ];
    expect(new Set(contexts).size).toBe(contexts.length);
    expect(contexts[0]).toContain("access_token");
  });
});
