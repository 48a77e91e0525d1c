import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { isCodeChallenge, isCodeVerifier, provesChallenge } from "./pkce";

/** RFC 7636 appendix B. */
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

const verifiers = fc.stringMatching(/^[A-Za-z0-9\-._~]{43,128}$/);
const challengeOf = (verifier: string) => createHash("sha256").update(verifier).digest("base64url");

describe("a code verifier", () => {
  test.each([VERIFIER, "a".repeat(43), "~".repeat(128), `-._~${"0".repeat(39)}`])("may be %s", (text) => {
    expect(isCodeVerifier(text)).toBe(true);
  });

  test.each([
    ["empty", ""],
    ["42 characters", "a".repeat(42)],
    ["129 characters", "a".repeat(129)],
    ["with a plus", `${"a".repeat(42)}+`],
    ["with a slash", `${"a".repeat(42)}/`],
    ["padded", `${"a".repeat(43)}=`],
    ["with a space", `${"a".repeat(42)} `],
    ["with a line behind it", `${"a".repeat(43)}\n`],
    ["with NUL", `${"a".repeat(42)}\0`],
    ["with a letter from elsewhere", `${"a".repeat(42)}é`],
  ])("is not %s", (_what, text) => {
    expect(isCodeVerifier(text)).toBe(false);
    expect(provesChallenge(text, challengeOf(text))).toBe(false);
  });
});

describe("a code challenge", () => {
  test.each([CHALLENGE, "A".repeat(43)])("may be %s", (text) => {
    expect(isCodeChallenge(text)).toBe(true);
  });

  test.each([
    ["empty", ""],
    ["42 characters", CHALLENGE.slice(1)],
    ["44 characters", `${CHALLENGE}A`],
    ["padded", `${CHALLENGE}=`],
    ["of the other alphabet", CHALLENGE.replace("-", "+")],
    ["with a character of bits that no hash has", `${CHALLENGE.slice(0, -1)}N`],
    ["hexadecimal", createHash("sha256").update(VERIFIER).digest("hex")],
    ["with a space", `${CHALLENGE.slice(0, -1)} `],
    ["with a line behind it", `${CHALLENGE}\n`],
  ])("is not %s", (_what, text) => {
    expect(isCodeChallenge(text)).toBe(false);
    expect(provesChallenge(VERIFIER, text)).toBe(false);
  });
});

describe("the proof", () => {
  it("is the verifier of RFC 7636 appendix B for its challenge, and that alone", () => {
    expect(provesChallenge(VERIFIER, CHALLENGE)).toBe(true);
    expect(provesChallenge(VERIFIER.toLowerCase(), CHALLENGE)).toBe(false);
  });

  it("is not the challenge itself, as it would be by the method plain", () => {
    expect(provesChallenge(CHALLENGE, CHALLENGE)).toBe(false);
  });

  it("is every verifier for the challenge made of it, and for no other", () => {
    fc.assert(
      fc.property(verifiers, verifiers, (one, other) => {
        expect(isCodeChallenge(challengeOf(one))).toBe(true);
        expect(provesChallenge(one, challengeOf(one))).toBe(true);
        expect(provesChallenge(other, challengeOf(one))).toBe(one === other);
      }),
    );
  });
});
