import fc from "fast-check";
import { expect, it, test } from "vitest";
import { decodeBase64url, encodeBase64url } from "./base64url";

it("decodes what it encodes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = encodeBase64url(bytes);
      expect(text).toMatch(/^[A-Za-z0-9_-]*$/);
      expect(decodeBase64url(text)).toEqual(Buffer.from(bytes));
    }),
  );
});

it("encodes the bytes it was given and not the buffer they lie in", () => {
  const buffer = new Uint8Array([1, 2, 3, 4, 5, 6]);
  expect(encodeBase64url(buffer.subarray(2, 4))).toBe("AwQ");
});

it("decodes only the one encoding of any bytes", () => {
  const text = fc.oneof(
    fc.stringMatching(/^[A-Za-z0-9_-]{0,12}$/),
    fc.stringMatching(/^[A-Za-z0-9+/_=\s-]{0,12}$/),
    fc.string({ unit: "binary", maxLength: 12 }),
  );
  fc.assert(
    fc.property(text, (candidate) => {
      const bytes = decodeBase64url(candidate);
      if (bytes !== null) expect(encodeBase64url(bytes)).toBe(candidate);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["", ""],
  ["Zg", "f"],
  ["Zm8", "fo"],
  ["Zm9v", "foo"],
  ["Zm9vYmFy", "foobar"],
  ["--__", "\xfb\xef\xff"],
])("%j is %j (RFC 4648 section 10)", (text, content) => {
  expect(decodeBase64url(text)?.toString("latin1")).toBe(content);
});

test.each([
  ["padding", "Zg=="],
  ["stray bits after one byte", "Zh"],
  ["stray bits after two bytes", "Zm9"],
  ["a single character", "Z"],
  ["five characters", "Zm9vY"],
  ["the other alphabet", "++//"],
  ["a space behind", "Zm9v "],
  ["a newline behind", "Zm9v\n"],
  ["a newline in the middle", "Zm\n9v"],
  ["a dot", "Zm9v."],
  ["NUL", "Zm9v\0"],
  ["a letter from elsewhere", "Zm9\u0475"],
])("refuses %s", (_name, text) => {
  expect(decodeBase64url(text)).toBeNull();
});
