import { createHmac } from "node:crypto";
import { expect, it, test } from "vitest";
import { deriveKey, type KeyPurpose, sha256 } from "./derive-key";

const SECRET = "an application secret, 32 bytes or more";

/** HKDF-SHA-256 as RFC 5869 section 2 writes it, for one block and no salt. */
function hkdf(secret: string, info: string): Buffer {
  const pseudorandom = createHmac("sha256", Buffer.alloc(32)).update(secret).digest();
  return createHmac("sha256", pseudorandom)
    .update(info)
    .update(Buffer.from([1]))
    .digest();
}

test.each<KeyPurpose>(["refresh-token-mac", "private-key-sealing"])(
  "the key for %s stays what it was, so that what it sealed still opens",
  (purpose) => {
    expect(deriveKey(SECRET, purpose)).toEqual(hkdf(SECRET, `latchkey ${purpose} v1`));
  },
);

it("makes another key for each purpose and each secret", () => {
  const keys = [
    deriveKey(SECRET, "refresh-token-mac"),
    deriveKey(SECRET, "private-key-sealing"),
    deriveKey(`${SECRET} `, "refresh-token-mac"),
  ];
  expect(new Set(keys.map((key) => key.toString("hex"))).size).toBe(3);
  expect(keys.every((key) => key.length === 32)).toBe(true);
});

test.each([
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
])("sha256 of %j (FIPS 180-4)", (text, digest) => {
  expect(Buffer.from(sha256(text)).toString("hex")).toBe(digest);
  expect(Buffer.from(sha256(Buffer.from(text))).toString("hex")).toBe(digest);
});
