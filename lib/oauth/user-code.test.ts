import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { formatUserCode, newUserCode, parseUserCode } from "./user-code";

const LETTERS = "BCDFGHJKLMNPQRSTVWXZ";
const codes = fc.string({ unit: fc.constantFrom(...LETTERS), minLength: 8, maxLength: 8 });

describe("a new code", () => {
  const made = Array.from({ length: 500 }, newUserCode);

  it("is eight letters, and never comes twice", () => {
    for (const code of made) expect(code).toMatch(new RegExp(`^[${LETTERS}]{8}$`));
    expect(new Set(made).size).toBe(made.length);
  });

  it("has each letter at each place about as often", () => {
    const expected = made.length / LETTERS.length;
    for (let place = 0; place < 8; place += 1) {
      for (const letter of LETTERS) {
        const count = made.filter((code) => code[place] === letter).length;
        // Six standard deviations of a fair draw.
        expect(Math.abs(count - expected)).toBeLessThan(6 * Math.sqrt(expected));
      }
    }
  });
});

describe("a code that somebody types", () => {
  test.each([
    "WDJBMJHT",
    "WDJB-MJHT",
    "wdjb-mjht",
    "Wdjb Mjht",
    " wdjb  mjht ",
    "w-d-j-b-m-j-h-t",
    "WDJB\u2011MJHT",
    "WDJB–MJHT",
    "WDJB\u2014MJHT",
    "WDJB\u00a0MJHT",
    "\tWDJBMJHT\n",
  ])("is the same as %j", (typed) => {
    expect(parseUserCode(typed)).toBe("WDJBMJHT");
  });

  test.each([
    ["nothing", ""],
    ["dashes alone", "--------"],
    ["seven letters", "WDJBMJH"],
    ["nine letters", "WDJBMJHTB"],
    ["a vowel", "WDJBMJHA"],
    ["a Y", "WDJBMJHY"],
    ["a digit", "WDJBMJH1"],
    ["an underscore", "WDJB_MJHT"],
    ["a dot", "WDJB.MJHT"],
    ["NUL", "WDJBMJHT\0"],
    ["a letter whose capital is an S", "WDJBMJH\u017f"],
    ["a Kelvin sign", "WDJBMJH\u212a"],
    ["a wide letter", "WDJBMJH\uff34"],
    ["a Cyrillic letter", "WDJ\u0412MJHT"],
    ["one letter that becomes two", "WDJBMJ\u00df"],
    ["spaces without end", `WDJB${" ".repeat(1_000)}MJHT`],
  ])("is not %s", (_what, typed) => {
    expect(parseUserCode(typed)).toBeNull();
  });

  it("is the code that is shown, in any case and however it is spaced", () => {
    const separators = fc.stringMatching(/^[ -]{0,3}$/);
    fc.assert(
      fc.property(codes, separators, fc.boolean(), (code, separator, isSmall) => {
        const typed = [...code].join(separator);
        expect(parseUserCode(isSmall ? typed.toLowerCase() : typed)).toBe(code);
        expect(parseUserCode(formatUserCode(code))).toBe(code);
      }),
    );
  });
});

it("is shown in two groups", () => {
  expect(formatUserCode("WDJBMJHT")).toBe("WDJB-MJHT");
});
