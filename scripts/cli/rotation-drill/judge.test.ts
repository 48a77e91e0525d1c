import { expect, it } from "vitest";
import { addSeconds } from "../../../lib/crypto/clock";
import { judge } from "./judge";
import { nothingSeen, type Seen, type SeenDocument } from "./seen";

const START = new Date("2027-03-01T12:00:00.000Z");
const at = (seconds: number): Date => addSeconds(START, seconds);

const document = (seconds: number, kids: string[], maxAgeSeconds: number | null = 300): SeenDocument => ({
  askedAt: at(seconds),
  at: at(seconds),
  kids,
  maxAgeSeconds,
  ageSeconds: 0,
});

/** Asked for after 3 s, signing after 400; the former key's last token expires after 1000. */
function seenWith(change: Partial<Seen> = {}): Seen {
  return {
    ...nothingSeen(START),
    now: at(1_000),
    rotation: { requestedAt: at(3), formerKid: "former", kid: "new", stagedAt: at(-500), signsFrom: at(400) },
    switchedAt: at(400.5),
    documents: [
      document(1, ["former", "new"]),
      document(100, ["former", "new"], 300),
      document(400, ["former", "new"], 0),
      document(401, ["former", "new", "next"]),
    ],
    tokens: 900,
    verified: 250_000,
    formerTokens: { held: 400, outlived: 400, verified: 90_000, failed: 0 },
    requests: 3_000,
    ...change,
  };
}

const outcomesOf = (seen: Seen, untilSwitch = false) =>
  judge(seen, untilSwitch).map(({ outcome, check }) => [outcome, check] as const);
const checksWith = (outcome: string, seen: Seen, untilSwitch = false) =>
  outcomesOf(seen, untilSwitch).flatMap(([is, check]) => (is === outcome ? [check] : []));
const saysOf = (check: string, seen: Seen) => judge(seen, false).find((one) => one.check === check)?.says;

const PUBLICATION = "the new key was in the JWKS long enough before it signed";
const SWITCH = "the announced key signs";
const VERIFICATIONS = "every verification succeeded";
const UNKNOWN_KIDS = "no unknown kid was met";
const FORMER = "the former key's tokens were good to the last";
const SESSION = "the session lived through it";
const REQUESTS = "every request was answered";
const MAX_AGES = "no JWKS may be kept past a change";

it("passes a rotation that went well, with its figures", () => {
  expect(judge(seenWith(), false)).toEqual([
    {
      check: PUBLICATION,
      outcome: "PASS",
      says: "staged 15 min 1 s before its first token, seen in the JWKS 399.5 s before it",
    },
    { check: SWITCH, outcome: "PASS", says: "new, first seen 0.5 s after the time announced" },
    { check: VERIFICATIONS, outcome: "PASS", says: "250,000 done of 900 tokens, 0 failed" },
    { check: UNKNOWN_KIDS, outcome: "PASS", says: "0 met" },
    {
      check: FORMER,
      outcome: "PASS",
      says: "400 tokens verified 90,000 times after the switch, 0 failed, the last expired after 10 min",
    },
    { check: SESSION, outcome: "PASS", says: "900 tokens in 16 min 40 s" },
    { check: REQUESTS, outcome: "PASS", says: "3,000 made, 0 failed" },
    {
      check: MAX_AGES,
      outcome: "PASS",
      says: "1 read before the switch and 1 after it, 0 may be kept for too long",
    },
  ]);
});

it.each<[string, Partial<Seen>, string[]]>([
  ["a key that was never published", { documents: [document(1, ["former"], 30)] }, [PUBLICATION]],
  [
    "a JWKS without the key that may be kept until it signs",
    { documents: [document(101, ["former"], 300), document(102, ["former", "new"], 200)] },
    [PUBLICATION],
  ],
  [
    "a JWKS without it that does not say for how long",
    { documents: [document(1, ["former"], null)] },
    [PUBLICATION, MAX_AGES],
  ],
  [
    "a key that was staged for less than a JWKS may be kept",
    {
      rotation: {
        requestedAt: at(3),
        formerKid: "former",
        kid: "new",
        stagedAt: at(101),
        signsFrom: at(400),
      },
    },
    [PUBLICATION],
  ],
  [
    "an older JWKS that comes after the switch",
    { documents: [document(1, ["former", "new"]), document(402, ["former"], 0)] },
    [PUBLICATION],
  ],
  ["a key that does not come", { switchedAt: null }, [SWITCH]],
  ["verifications that failed", { failed: 2, firstFailure: "ERR" }, [VERIFICATIONS]],
  ["an unknown kid", { failed: 2, unknownKids: 2, firstFailure: "ERR" }, [VERIFICATIONS, UNKNOWN_KIDS]],
  [
    "former tokens that were refused",
    { failed: 1, formerTokens: { held: 4, outlived: 4, verified: 9, failed: 1 } },
    [VERIFICATIONS, FORMER],
  ],
  ["no former token at all", { formerTokens: { held: 0, outlived: 0, verified: 0, failed: 0 } }, [FORMER]],
  ["a session that ended", { isSignedOut: true }, [SESSION]],
  ["a request that failed", { requestFailures: 1, firstRequestFailure: "503" }, [REQUESTS]],
  ["a max-age past the switch", { documents: [document(100, ["former", "new"], 302)] }, [MAX_AGES]],
  [
    "a max-age past the former key's leaving",
    { documents: [document(1, ["former", "new"]), document(500, ["former", "new"]), document(700, ["new"])] },
    [MAX_AGES],
  ],
])("fails %s", (_, change, failing) => {
  expect(checksWith("FAIL", seenWith(change))).toEqual(failing);
});

it.each<[string, SeenDocument]>([
  ["that was read before the rotation was asked for", document(1, ["former", "new"], 600)],
  [
    "that a cache has kept for most of its time",
    { ...document(300, ["former", "new"], 300), ageSeconds: 250 },
  ],
  ["that may be kept exactly until the switch", document(100, ["former", "new"], 300)],
  [
    "that was asked for before the switch and made after it",
    { ...document(400.2, ["former", "new", "next"]), askedAt: at(399) },
  ],
])("is content with a JWKS %s", (_, seen) => {
  expect(checksWith("FAIL", seenWith({ documents: [seen] }))).toEqual([]);
});

it("says what was the first to fail", () => {
  const seen = seenWith({
    failed: 2,
    firstFailure: "ERR_JWKS",
    requestFailures: 3,
    firstRequestFailure: "503",
  });
  expect(saysOf(VERIFICATIONS, seen)).toBe("250,000 done of 900 tokens, 2 failed, the first by ERR_JWKS");
  expect(saysOf(REQUESTS, seen)).toBe("3,000 made, 3 failed, the first: 503");
});

it("passes nothing that was not seen, because the drill ended early", () => {
  const early = seenWith({ switchedAt: null, now: at(10), formerTokens: nothingSeen(START).formerTokens });
  expect(checksWith("NOT SEEN", early)).toEqual([PUBLICATION, SWITCH, FORMER, MAX_AGES]);
  expect(checksWith("PASS", nothingSeen(START))).toEqual([]);
  expect(checksWith("FAIL", nothingSeen(START))).toEqual([]);
});

it("asks for the end of the former tokens only where they were followed", () => {
  const seen = seenWith({ formerTokens: { held: 400, outlived: 0, verified: 2_000, failed: 0 } });
  expect(checksWith("NOT SEEN", seen)).toEqual([FORMER]);
  expect(checksWith("PASS", seen, true)).toContain(FORMER);
});
