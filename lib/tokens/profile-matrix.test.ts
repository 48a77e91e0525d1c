import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import {
  createTestAudiences,
  describeParts,
  exchange,
  honestParts,
  isMeantFor,
  PARTS,
  type TestAudience,
  type TestAudiences,
  type TokenParts,
  tokenFor,
  writeToken,
} from "./testing/test-audiences";

/** Whatever is mixed, it is one of these that fails: no reason of another step, and no error. */
const REASONS = [
  "accepted",
  "malformed",
  "header",
  "algorithm",
  "type",
  "unknown_key",
  "signature",
  "claims",
  "audience",
];

async function verdictOf(audience: TestAudience, text: string): Promise<string> {
  const verification = await audience.verify(text);
  return verification.ok ? "accepted" : verification.reason;
}

async function expectRightVerdicts({ audiences }: TestAudiences, parts: TokenParts): Promise<void> {
  const text = writeToken(parts);
  for (const audience of audiences) {
    const verdict = await verdictOf(audience, text);
    const row = `${audience.name}: ${verdict} for ${describeParts(parts)}`;
    if (!REASONS.includes(verdict) || (verdict === "accepted") !== isMeantFor(audience, parts))
      throw new Error(row);
  }
}

/** Honest tokens in which one or two parts may be of any other token. */
const mixturesOf = ({ audiences, values }: TestAudiences): TokenParts[] =>
  audiences
    .map(honestParts)
    .flatMap((honest) =>
      PARTS.flatMap((one, index) =>
        exchange(honest, one, values).flatMap((parts) =>
          PARTS.slice(index + 1).flatMap((other) => exchange(parts, other, values)),
        ),
      ),
    );

describe.each([
  ["each key has one use", await createTestAudiences({ doKeysCoincide: false })],
  [
    "secrets, the text of the public key and their names coincide",
    await createTestAudiences({ doKeysCoincide: true }),
  ],
])("%s", (_name, world) => {
  const { audiences, values } = world;
  const rows = audiences.flatMap((from) => audiences.map((at) => ({ from, at })));

  test.each(rows)("$from.name at $at.name", async ({ from, at }) => {
    const verdict = await verdictOf(at, tokenFor(from));
    if (from === at) expect(verdict).toBe("accepted");
    else expect(REASONS.slice(1)).toContain(verdict);
  });

  it("accepts of all tokens that differ from an honest one in up to two parts those alone that are as honest", async () => {
    for (const parts of mixturesOf(world)) await expectRightVerdicts(world, parts);
  }, 120_000);

  it("likewise of tokens that are put together from anything", async () => {
    const any = fc.record({
      key: fc.constantFrom(...values.key),
      alg: fc.constantFrom(...values.alg),
      kid: fc.constantFrom(...values.kid),
      typ: fc.constantFrom(...values.typ),
      payload: fc.constantFrom(...values.payload),
      wrapping: fc.constantFrom(...values.wrapping),
    });
    await fc.assert(
      fc.asyncProperty(any, (parts) => expectRightVerdicts(world, parts)),
      { numRuns: 500 },
    );
  });
});
