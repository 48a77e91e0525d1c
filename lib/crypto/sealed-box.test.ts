import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { createSealedBox, SealedBoxError } from "./sealed-box";

const FIRST = "the first secret, of 32 bytes or more";
const SECOND = "the second secret, of 32 bytes or more";
const plaintext = Buffer.from("-----BEGIN PRIVATE KEY-----");
const box = createSealedBox([FIRST]);
const sealed = box.seal(plaintext, "context");

it("opens what it sealed, for any content and context", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.string(), (content, context) => {
      expect(box.open(box.seal(content, context), context)).toEqual(Buffer.from(content));
    }),
  );
});

it("never makes the same box twice, and shows nothing of the content", () => {
  const boxes = Array.from({ length: 100 }, () => Buffer.from(box.seal(plaintext, "context")));
  const nonces = boxes.map((bytes) => bytes.subarray(9, 21).toString("hex"));
  expect(new Set(nonces).size).toBe(100);
  expect(boxes.some((bytes) => bytes.includes("PRIVATE"))).toBe(false);
});

describe("a change of the secret", () => {
  it("opens the boxes of every secret it is given and seals under the first", () => {
    const both = createSealedBox([SECOND, FIRST]);
    expect(both.open(sealed, "context")).toEqual(plaintext);
    const fresh = both.seal(plaintext, "context");
    expect(createSealedBox([SECOND]).open(fresh, "context")).toEqual(plaintext);
    expect(() => box.open(fresh, "context")).toThrow(SealedBoxError);
  });

  it("says that the secret is another one, not which", () => {
    expect(() => createSealedBox([SECOND]).open(sealed, "context")).toThrow(/another application secret/);
    expect(() => createSealedBox([SECOND]).open(sealed, "context")).not.toThrow(
      new RegExp(`${FIRST}|${SECOND}`),
    );
  });

  it("needs one secret at least", () => {
    expect(() => createSealedBox([])).toThrow("at least one");
  });
});

describe("a box that is not what was sealed", () => {
  it("is refused with any one bit flipped", () => {
    fc.assert(
      fc.property(fc.nat(sealed.length * 8 - 1), (bit) => {
        const changed = Uint8Array.from(sealed);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => box.open(changed, "context")).toThrow(SealedBoxError);
      }),
      { numRuns: 500 },
    );
  });

  it("is refused at every shorter length, and longer", () => {
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => box.open(sealed.subarray(0, length), "context")).toThrow(SealedBoxError);
    }
    expect(() => box.open(Buffer.concat([sealed, Buffer.from([0])]), "context")).toThrow(SealedBoxError);
  });

  test.each(["", "Context", "context ", "context\0"])("is refused under the context %j", (context) => {
    expect(() => box.open(sealed, context)).toThrow(SealedBoxError);
  });
});
