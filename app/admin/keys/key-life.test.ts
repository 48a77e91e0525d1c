import { describe, expect, it, test } from "vitest";
import { KEY_RETIRING_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import { type DatedKey, milestonesOf, spansOf } from "./key-life";
import { ACTIVE, day, keyOf, PLAN, RETIRED, STAGED } from "./testing/dated-key";

type Life = [phase: string, from: Date, until: Date | null][];

const RETIRING = keyOf("retiring", { createdAt: -40, activatedAt: -30, retiringAt: -0.001 });

test.each<[string, DatedKey, Life]>([
  [
    "staged",
    STAGED,
    [
      ["staged", day(-10), day(20)],
      ["active", day(20), null],
    ],
  ],
  [
    "staged, and should sign by now",
    keyOf("late", { createdAt: -10, activatesAt: -1 }),
    [
      ["staged", day(-10), day(0)],
      ["active", day(0), null],
    ],
  ],
  [
    "active",
    ACTIVE,
    [
      ["staged", day(-40), day(-10)],
      ["active", day(-10), day(20)],
    ],
  ],
  [
    "active, of another secret than ours",
    keyOf("other", { createdAt: -10, activatedAt: -10 }),
    [["active", day(-10), null]],
  ],
  [
    "retiring",
    RETIRING,
    [
      ["staged", day(-40), day(-30)],
      ["active", day(-30), day(-0.001)],
      ["retiring", day(-0.001), addSeconds(day(-0.001), KEY_RETIRING_SECONDS)],
    ],
  ],
  [
    "retired",
    RETIRED,
    [
      ["staged", day(-70), day(-40)],
      ["active", day(-40), day(-10)],
      ["retiring", day(-10), day(-9.99)],
    ],
  ],
  [
    "revoked while staged",
    keyOf("k", { createdAt: -10, activatesAt: 20, revokedAt: -2 }),
    [["staged", day(-10), day(-2)]],
  ],
  [
    "revoked while active",
    keyOf("k", { createdAt: -10, activatedAt: -5, revokedAt: -2 }),
    [
      ["staged", day(-10), day(-5)],
      ["active", day(-5), day(-2)],
    ],
  ],
  [
    "revoked while retiring",
    keyOf("k", { createdAt: -10, activatedAt: -10, retiringAt: -3, revokedAt: -2 }),
    [
      ["active", day(-10), day(-3)],
      ["retiring", day(-3), day(-2)],
    ],
  ],
  [
    "retired without having signed",
    keyOf("k", { createdAt: -10, activatesAt: -5, retiredAt: -4 }),
    [["staged", day(-10), day(-4)]],
  ],
])("the spans of a key that is %s", (_what, key, spans) => {
  expect(spansOf(key, PLAN).map(({ phase, from, until }) => [phase, from, until])).toEqual(spans);
});

describe("a clock that was wrong", () => {
  it("gives no span that ends before it begins", () => {
    const key = keyOf("k", { createdAt: -1, activatedAt: -3, retiringAt: -5, retiredAt: -6 });
    expect(spansOf(key, PLAN)).toEqual([
      { phase: "active", from: day(-3), until: day(-3) },
      { phase: "retiring", from: day(-5), until: day(-5) },
    ]);
  });

  it("does not end the present in the past", () => {
    const overdue = { ...PLAN, handovers: new Map([["active", day(-1)]]) };
    expect(spansOf(ACTIVE, overdue).at(-1)).toEqual({ phase: "active", from: day(-10), until: day(0) });
    const forgotten = keyOf("k", { createdAt: -40, activatedAt: -30, retiringAt: -5 });
    expect(spansOf(forgotten, PLAN).at(-1)).toEqual({ phase: "retiring", from: day(-5), until: day(0) });
  });
});

test.each<[string, DatedKey, [label: string, at: Date][]]>([
  [
    "staged",
    STAGED,
    [
      ["Staged", day(-10)],
      ["Signs from", day(20)],
    ],
  ],
  [
    "active",
    ACTIVE,
    [
      ["Staged", day(-40)],
      ["Signs since", day(-10)],
      ["Signs until", day(20)],
    ],
  ],
  [
    "active without a successor",
    keyOf("other", { createdAt: -10, activatedAt: -10 }),
    [["Signs since", day(-10)]],
  ],
  [
    "retiring",
    RETIRING,
    [
      ["Staged", day(-40)],
      ["Signed from", day(-30)],
      ["Signed until", day(-0.001)],
      ["Accepted until", addSeconds(day(-0.001), KEY_RETIRING_SECONDS)],
    ],
  ],
  [
    "retired",
    RETIRED,
    [
      ["Staged", day(-70)],
      ["Signed from", day(-40)],
      ["Signed until", day(-10)],
      ["Accepted until", day(-9.99)],
    ],
  ],
  [
    "revoked while staged",
    keyOf("k", { createdAt: -10, activatesAt: 20, revokedAt: -2 }),
    [
      ["Staged", day(-10)],
      ["Revoked", day(-2)],
    ],
  ],
  [
    "revoked while active",
    keyOf("k", { createdAt: -10, activatedAt: -5, revokedAt: -2 }),
    [
      ["Staged", day(-10)],
      ["Signed from", day(-5)],
      ["Revoked", day(-2)],
    ],
  ],
  [
    "revoked while retiring",
    keyOf("k", { createdAt: -10, activatedAt: -10, retiringAt: -3, revokedAt: -2 }),
    [
      ["Signed from", day(-10)],
      ["Signed until", day(-3)],
      ["Revoked", day(-2)],
    ],
  ],
  [
    "retired without having signed",
    keyOf("k", { createdAt: -10, activatesAt: -5, retiredAt: -4 }),
    [
      ["Staged", day(-10)],
      ["Retired", day(-4)],
    ],
  ],
])("the table says of a key that is %s", (_what, key, milestones) => {
  expect(milestonesOf(key, PLAN).map(({ label, at }) => [label, at])).toEqual(milestones);
});
