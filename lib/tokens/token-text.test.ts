import fc from "fast-check";
import { expect, it } from "vitest";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { createTestKeys } from "@/lib/keys/testing/test-keys";
import { parseCompactJws } from "./compact";
import { issueAccessToken } from "./issue";
import { ownProfile } from "./profiles";
import {
  createTestKey,
  createTestVerifier,
  forge,
  ISSUER,
  NOW,
  partsOf,
  signTexts,
} from "./testing/test-issuer";

const own = await createTestKey("own");
const { verdict, rules } = createTestVerifier([own]);
const honest = forge(own);

const RUNS = { numRuns: 500 };
const place = fc.nat(honest.length);
/** Of the alphabet, next to it, and from anywhere. */
const character = fc.oneof(
  fc.constantFrom(..."ABCXYZabcxyz0189-_"),
  fc.constantFrom(...'+/=. \n\r\t\0"{}~,;'),
  fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
);

const splice = (at: number, removed: number, inserted: string): string =>
  honest.slice(0, at) + inserted + honest.slice(at + removed);

it("refuses a valid token with any one character changed", async () => {
  expect(await verdict(honest)).toBe("accepted");
  await fc.assert(
    fc.asyncProperty(place, character, async (at, text) => {
      fc.pre(at < honest.length && honest[at] !== text);
      expect(await verdict(splice(at, 1, text))).not.toBe("accepted");
    }),
    RUNS,
  );
});

it("refuses a valid token with any one character inserted", async () => {
  await fc.assert(
    fc.asyncProperty(place, character, async (at, text) => {
      expect(await verdict(splice(at, 0, text))).not.toBe("accepted");
    }),
    RUNS,
  );
});

it("refuses a valid token with any one character left out", async () => {
  for (let at = 0; at < honest.length; at += 1) {
    expect(await verdict(splice(at, 1, ""))).not.toBe("accepted");
  }
});

it("refuses every other text that a lenient decoder reads as the same bytes", async () => {
  const ignored = fc.constantFrom("=", "==", " ", "\n", "\r\n", "\t", "*", "!", "\u00e9");
  await fc.assert(
    fc.asyncProperty(fc.nat(2), fc.nat(400), ignored, async (index, at, noise) => {
      const parts = partsOf(honest);
      const part = parts[index] ?? "";
      const cut = noise.startsWith("=") ? part.length : at % (part.length + 1);
      parts[index] = part.slice(0, cut) + noise + part.slice(cut);
      expect(Buffer.from(parts[index], "base64url")).toEqual(Buffer.from(part, "base64url"));
      expect(await verdict(parts.join("."))).toBe("malformed");
    }),
    RUNS,
  );
});

it("reads one text as one pair of objects, which only that text stands for", () => {
  const json = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 5 });
  const spaced = fc.tuple(json, fc.constantFrom(undefined, 1, "\t"));
  const written = spaced.map(([value, space]) => JSON.stringify(value, null, space));
  fc.assert(
    fc.property(written, written, (header, payload) => {
      const text = [header, payload, "s"].map((part) => Buffer.from(part).toString("base64url")).join(".");
      const jws = parseCompactJws(text);
      if (jws === null) return;
      const again = [JSON.stringify(jws.header), JSON.stringify(jws.payload), "s"];
      expect(again.map((part) => Buffer.from(part).toString("base64url")).join(".")).toBe(text);
    }),
    RUNS,
  );
});

it("neither accepts nor throws for any string", async () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 5000 }),
    fc.stringMatching(/^[A-Za-z0-9_.-]{0,200}$/),
    fc.array(fc.base64String(), { maxLength: 6 }).map((parts) => parts.join(".")),
  );
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      expect(await verdict(text)).not.toBe("accepted");
    }),
    RUNS,
  );
});

it("neither accepts nor throws for any JSON that our own key signed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.json(), fc.json(), async (header, payload) => {
      const honestHeader = `{"alg":"ES256","typ":"at+jwt","kid":"own"}`;
      expect(await verdict(signTexts(own, header, payload))).not.toBe("accepted");
      expect(await verdict(signTexts(own, honestHeader, payload))).not.toBe("accepted");
    }),
    RUNS,
  );
});

it("accepts what we issue, whoever it is for", async () => {
  const keys = createTestKeys({ clock: new HeldClock(NOW) });
  await keys.open();
  const { keyring } = keys;
  const ours = createTestVerifier([], { ...rules, findKey: (kid) => keyring.findVerificationKey(kid) });
  const text = fc.oneof(
    fc.uuid(),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 100 }),
    fc.string({ unit: "binary", minLength: 1, maxLength: 100 }),
  );
  const subject = fc.record({
    userId: text,
    sessionId: text,
    role: fc.constantFrom("user" as const, "admin" as const),
    generation: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    authenticatedAt: fc.date({ min: new Date("2020-01-02"), max: NOW, noInvalidDate: true }),
    sessionExpiresAt: fc.date({ min: new Date(NOW.getTime() + 1000), noInvalidDate: true }),
  });
  await fc.assert(
    fc.asyncProperty(subject, async (person) => {
      const { accessToken } = await issueAccessToken(
        person,
        ISSUER,
        ownProfile("ES256", 600),
        keyring.signer,
        NOW,
      );
      expect(await ours.verdict(accessToken)).toBe("accepted");
    }),
    { numRuns: 200 },
  );
});
