import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeBase64url } from "@/lib/crypto/base64url";
import { hashSessionSecret, newSessionSecret, type RefreshToken, RefreshTokenCodec } from "./refresh-token";

const FIRST = "first application secret, 32 bytes or more";
const SECOND = "second application secret, just as long";
const codec = new RefreshTokenCodec([FIRST]);

const MAX_CHARACTERS = 120;
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const tokens: fc.Arbitrary<RefreshToken> = fc.record({
  sessionId: bytes(16).map(encodeBase64url),
  generation: fc.oneof(fc.nat(1_000), fc.integer({ min: 0, max: 2 ** 31 - 1 })),
  secret: bytes(32).map((secret) => Buffer.from(secret)),
});

describe("a refresh token", () => {
  it("says what it was made of, in at most 120 characters that a cookie may hold", () => {
    fc.assert(
      fc.property(tokens, (token) => {
        const text = codec.encode(token);
        expect(codec.verify(text)).toEqual(token);
        expect(text.length).toBeLessThanOrEqual(MAX_CHARACTERS);
        expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
      }),
    );
  });

  it("of a generation is the same bytes whoever makes it, and no other token's", () => {
    fc.assert(
      fc.property(tokens, tokens, (one, other) => {
        const successor = { ...one, generation: one.generation + 1 };
        expect(new RefreshTokenCodec([FIRST]).encode(successor)).toBe(codec.encode(successor));
        const made = [one, other, successor].map((token) => codec.encode(token));
        expect(new Set(made).size).toBe(3);
      }),
    );
  });

  it("is refused with any one bit changed", () => {
    fc.assert(
      fc.property(tokens, fc.nat(84 * 8 - 1), (token, bit) => {
        const raw = Buffer.from(codec.encode(token), "base64url");
        raw.writeUInt8(raw.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(codec.verify(raw.toString("base64url"))).toBeNull();
      }),
    );
  });

  it("is refused with any one character changed, added or left out", () => {
    const characters = fc.constantFrom(...'ABCxyz019-_+/=. \n%"', "é", "\u0000");
    fc.assert(
      fc.property(tokens, fc.nat(112), characters, (token, place, character) => {
        const text = codec.encode(token);
        fc.pre(text[place] !== character);
        const [before, after] = [text.slice(0, place), text.slice(place + 1)];
        for (const altered of [
          before + character + after,
          before + character + text.slice(place),
          before + after,
        ]) {
          if (altered !== text) expect(codec.verify(altered)).toBeNull();
        }
      }),
    );
  });

  it.each([
    ["nothing", ""],
    ["an access token", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"],
    ["a megabyte", "A".repeat(2 ** 20)],
    ["zeros of the right length", encodeBase64url(new Uint8Array(84))],
  ])("is not %s", (_name, text) => {
    expect(codec.verify(text)).toBeNull();
  });
});

describe("the list of application secrets", () => {
  it("a token made under a secret that is not in it is refused", () => {
    fc.assert(
      fc.property(tokens, (token) => {
        expect(new RefreshTokenCodec([SECOND]).verify(codec.encode(token))).toBeNull();
      }),
    );
  });

  it("a token made under any secret of it is accepted, and new ones are made under the first", () => {
    fc.assert(
      fc.property(tokens, (token) => {
        const both = new RefreshTokenCodec([SECOND, FIRST]);
        expect(both.verify(codec.encode(token))).toEqual(token);
        expect(both.encode(token)).toBe(new RefreshTokenCodec([SECOND]).encode(token));
      }),
    );
  });

  it("may not be empty where tokens are made", () => {
    const [token] = fc.sample(tokens, { numRuns: 1, seed: 1 }) as [RefreshToken];
    expect(() => new RefreshTokenCodec([]).encode(token)).toThrow(/secret/);
    expect(new RefreshTokenCodec([]).verify(codec.encode(token))).toBeNull();
  });
});

it("a session's secret is 256 random bits, of which its hash tells nothing", () => {
  const [one, other] = [newSessionSecret(), newSessionSecret()];
  expect(one).toHaveLength(32);
  expect(one.equals(other)).toBe(false);
  expect(hashSessionSecret(one)).toHaveLength(32);
  expect(Buffer.from(hashSessionSecret(one)).equals(one)).toBe(false);
});
