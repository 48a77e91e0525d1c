import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, test, vi } from "vitest";
import { encryptedAttacks } from "./testing/encrypted-attacks";
import { sealJwe } from "./testing/forged-jwe";
import { createTestAudiences, honestParts, SIGNED, writeToken } from "./testing/test-audiences";

const { audiences } = await createTestAudiences({ doKeysCoincide: false });
const found = audiences.find(({ profile }) => profile === "high-security");
if (found?.recipient == null) throw new Error("There is no such audience.");
const { recipient, ...payroll } = found;
const signed = writeToken({ ...honestParts(found), wrapping: SIGNED });
const attacks = await encryptedAttacks(signed, payroll.key, recipient);

async function verdict(text: string): Promise<string> {
  const verification = await payroll.verify(text);
  return verification.ok ? "accepted" : verification.reason;
}

/** What opening a token costs, by what is called for it. */
const work = vi.fn();

beforeEach(() => {
  work.mockClear();
  for (const name of ["importKey", "deriveBits", "deriveKey", "unwrapKey", "decrypt", "verify"] as const) {
    const original = crypto.subtle[name].bind(crypto.subtle) as (...parameters: unknown[]) => Promise<never>;
    vi.spyOn(crypto.subtle, name).mockImplementation((...parameters: unknown[]) => {
      work(name);
      return original(...parameters);
    });
  }
  vi.stubGlobal(
    "DecompressionStream",
    class extends DecompressionStream {
      constructor(format: CompressionFormat) {
        super(format);
        work("inflate");
      }
    },
  );
  payroll.lookups.length = 0;
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

it("accepts the honest token that every row below is made from, by a key agreement and a signature", async () => {
  expect(await verdict(sealJwe(signed, recipient))).toBe("accepted");
  expect(work).toHaveBeenCalledWith("deriveBits");
  expect(work).toHaveBeenCalledWith("verify");
});

describe("refused without any key", () => {
  test.each(attacks.beforeAnyKey)("$name", async ({ text }) => {
    expect(await verdict(text)).toBe(text.length > 8192 ? "too_large" : "malformed");
    expect(work).not.toHaveBeenCalled();
    expect(payroll.lookups).toEqual([]);
  });
});

describe("refused when opened", () => {
  test.each(attacks.whenOpened)("$name", async ({ text }) => {
    expect(await verdict(text)).toMatch(/^(malformed|algorithm)$/);
    expect(work).not.toHaveBeenCalledWith("verify");
    expect(payroll.lookups).toEqual([]);
  });
});

it("agrees on no key with a point that is not on the curve", async () => {
  for (const { text } of attacks.whenOpened.filter(({ name }) => /^epk: (\(|off|.*below|P-384)/.test(name))) {
    await verdict(text);
  }
  expect(work).toHaveBeenCalledWith("importKey");
  expect(work).not.toHaveBeenCalledWith("deriveBits");
});

it("refuses any character changed, put in or left out", async () => {
  const honest = sealJwe(signed, recipient);
  const character = fc.oneof(
    fc.constantFrom(..."ABCXYZabcxyz0189-_"),
    fc.constantFrom(...'+/=. \n\0"{}'),
    fc.constant(""),
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(honest.length), fc.nat(1), character, async (at, removed, text) => {
      const changed = honest.slice(0, at) + text + honest.slice(at + removed);
      fc.pre(changed !== honest);
      expect(await verdict(changed)).toBe("malformed");
    }),
    { numRuns: 500 },
  );
});

it("neither accepts nor throws for anything that was encrypted to it", async () => {
  const content = fc.oneof(fc.string({ unit: "binary" }), fc.json(), fc.uint8Array());
  const header = fc.dictionary(
    fc.constantFrom("zip", "crit", "apu", "epk", "kid", "cty", "x"),
    fc.jsonValue(),
  );
  await fc.assert(
    fc.asyncProperty(content, header, async (inner, changes) => {
      expect(await verdict(sealJwe(inner, recipient, changes))).toBe("malformed");
      expect(await verdict(sealJwe(signed, recipient, { x: 1, ...changes }))).toBe("malformed");
    }),
    { numRuns: 200 },
  );
});
