import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { encodeBase64url } from "@/lib/crypto/base64url";
import { type MarkPurpose, SignedMarks } from "./signed-mark";

const FIRST = "first application secret, 32 bytes or more";
const SECOND = "second application secret, just as long";
const NOW = new Date("2027-01-01T12:00:00.123Z");
const marks = new SignedMarks([FIRST]);

const purposes = fc.constantFrom<MarkPurpose>("reauthenticate", "dpop-nonce");
const subjects = fc.oneof(fc.constant(""), fc.uuid(), fc.string({ unit: "binary" }));
const times = fc.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true });

describe("a mark", () => {
  it("says when it was made, to the millisecond, in a text for a URL or a header", () => {
    fc.assert(
      fc.property(purposes, subjects, times, (purpose, subject, time) => {
        const text = marks.mark(purpose, subject, time);
        expect(text).toMatch(/^[A-Za-z0-9_-]{51}$/);
        expect(marks.readMark(purpose, subject, text)).toEqual(time);
      }),
    );
  });

  it("says nothing of another subject or for another purpose", () => {
    fc.assert(
      fc.property(purposes, subjects, purposes, subjects, (purpose, subject, otherPurpose, otherSubject) => {
        const text = marks.mark(purpose, subject, NOW);
        const isSame = purpose === otherPurpose && subject === otherSubject;
        expect(marks.readMark(otherPurpose, otherSubject, text)).toEqual(isSame ? NOW : null);
      }),
    );
  });

  it("is refused with any one bit changed", () => {
    const raw = Buffer.from(marks.mark("reauthenticate", "a", NOW), "base64url");
    for (let bit = 0; bit < raw.length * 8; bit += 1) {
      const changed = Buffer.from(raw);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(marks.readMark("reauthenticate", "a", encodeBase64url(changed))).toBeNull();
    }
  });

  test.each([
    ["nothing", ""],
    ["a padded one", `${marks.mark("dpop-nonce", "", NOW)}=`],
    ["one with something behind it", `${marks.mark("dpop-nonce", "", NOW)}A`],
    ["a shortened one", marks.mark("dpop-nonce", "", NOW).slice(0, -4)],
    ["a time alone", encodeBase64url(new Uint8Array(6))],
    ["zeros of the right length", encodeBase64url(new Uint8Array(38))],
    ["a megabyte", "A".repeat(2 ** 20)],
  ])("is not %s", (_what, text) => {
    expect(marks.readMark("dpop-nonce", "", text)).toBeNull();
  });
});

describe("the list of application secrets", () => {
  it("makes marks under the first and checks them under all", () => {
    const former = marks.mark("dpop-nonce", "", NOW);
    const both = new SignedMarks([SECOND, FIRST]);
    expect(both.readMark("dpop-nonce", "", former)).toEqual(NOW);
    expect(both.mark("dpop-nonce", "", NOW)).toBe(new SignedMarks([SECOND]).mark("dpop-nonce", "", NOW));
    expect(new SignedMarks([SECOND]).readMark("dpop-nonce", "", former)).toBeNull();
  });

  it("may not be empty where marks are made", () => {
    expect(() => new SignedMarks([]).mark("dpop-nonce", "", NOW)).toThrow(/secret/);
    expect(new SignedMarks([]).readMark("dpop-nonce", "", marks.mark("dpop-nonce", "", NOW))).toBeNull();
  });
});
