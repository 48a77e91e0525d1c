import { describe, expect, it, test } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import {
  activeKey,
  type KeyFacts,
  type KeyStep,
  keyLines,
  nextKeyStep,
  nextPublishedChange,
  signingKey,
  spareKeys,
  successor,
} from "./lifecycle";
import { secretUse } from "./signing-key";
import { TEST_SCHEDULE } from "./testing/test-keys";

const NOW = new Date("2026-11-24T12:00:00Z");
const DAY = 86_400;
const R = TEST_SCHEDULE.rotationSeconds;
const ago = (seconds: number): Date => addSeconds(NOW, -seconds);
const later = (seconds: number): Date => addSeconds(NOW, seconds);

const key = (kid: string, changes: Partial<KeyFacts>): KeyFacts => ({
  kid,
  use: "access_token",
  state: "active",
  algorithm: "ES256",
  custody: "app-secret:ours",
  standing: "preferred",
  createdAt: ago(10 * DAY),
  activatesAt: null,
  activatedAt: null,
  retiringAt: null,
  ...changes,
});
const active = (kid: string, activeSeconds: number, changes: Partial<KeyFacts> = {}): KeyFacts =>
  key(kid, { activatedAt: ago(activeSeconds), ...changes });
const staged = (kid: string, activatesAt: Date, changes: Partial<KeyFacts> = {}): KeyFacts =>
  key(kid, { state: "staged", activatesAt, ...changes });
const retiring = (kid: string, retiringSeconds: number, changes: Partial<KeyFacts> = {}): KeyFacts =>
  key(kid, { state: "retiring", retiringAt: ago(retiringSeconds), ...changes });

const FOREIGN = { standing: "foreign", custody: "app-secret:theirs" } as const;
const REFUSED = { standing: "refused" } as const;
const ELSEWHERE = { standing: "usable", custody: "signer:a" } as const;
const OWN_LINE = keyLines("ES256", []);
const ours = [active("a", 10 * DAY), staged("s", later(R - 10 * DAY))];

describe("the step that is due", () => {
  const rows: [name: string, keys: KeyFacts[], step: KeyStep | null][] = [
    ["none, where nothing is due", ours, null],
    ["create, where there is no key", [], { kind: "create", algorithm: "ES256" }],
    [
      "create, where every key is foreign",
      [active("f", 1, FOREIGN), staged("g", later(1), FOREIGN)],
      { kind: "create", algorithm: "ES256" },
    ],
    ["create, where none is active nor staged", [retiring("r", 1)], { kind: "create", algorithm: "ES256" }],
    [
      "stage, where none is staged",
      [active("a", DAY)],
      { kind: "stage", algorithm: "ES256", activatesAt: later(R - DAY) },
    ],
    [
      "stage, no sooner than it may sign",
      [active("a", R - 899)],
      { kind: "stage", algorithm: "ES256", activatesAt: later(900) },
    ],
    [
      "stage at once, where the active key is of another algorithm",
      [active("a", DAY, { algorithm: "RS256" })],
      { kind: "stage", algorithm: "ES256", activatesAt: later(900) },
    ],
    [
      "stage at once, where the active key is not kept where new ones are",
      [active("a", DAY, ELSEWHERE)],
      { kind: "stage", algorithm: "ES256", activatesAt: later(900) },
    ],
    [
      "stage, where the staged key is not kept where new ones are",
      [active("a", DAY), staged("s", later(R), ELSEWHERE)],
      { kind: "stage", algorithm: "ES256", activatesAt: later(R - DAY) },
    ],
    [
      "stage, where the staged key is foreign",
      [active("a", DAY), staged("s", later(R), FOREIGN)],
      { kind: "stage", algorithm: "ES256", activatesAt: later(R - DAY) },
    ],
    [
      "activate, at its time to the millisecond",
      [active("a", R), staged("s", NOW)],
      { kind: "activate", kid: "s", replaces: ["a"] },
    ],
    ["none a millisecond before", [active("a", R - 0.001), staged("s", later(0.001))], null],
    [
      "activate before its time, where nothing else signs",
      [staged("s", later(R)), active("f", 1, FOREIGN)],
      { kind: "activate", kid: "s", replaces: [] },
    ],
    [
      "activate the staged key that is kept where new ones are first",
      [active("a", R), staged("s", ago(1), ELSEWHERE), staged("t", NOW)],
      { kind: "activate", kid: "t", replaces: ["a"] },
    ],
    [
      "none yet, where only a staged key kept elsewhere is due",
      [active("a", DAY), staged("s", ago(1), ELSEWHERE), staged("t", later(R - DAY))],
      null,
    ],
    [
      "activate, and stop those of others only once their own successors are known",
      [
        active("b", 899, { custody: "x" }),
        active("c", 900, { custody: "y" }),
        active("a", 5),
        staged("s", NOW),
      ],
      { kind: "activate", kid: "s", replaces: ["c", "a"] },
    ],
    [
      "activate, and leave the keys of others alone",
      [active("a", R), active("f", R, FOREIGN), active("o", R, { algorithm: "RS256" }), staged("s", NOW)],
      { kind: "activate", kid: "s", replaces: ["a"] },
    ],
    [
      "reschedule, where the period has become shorter",
      [active("a", DAY), staged("s", later(R))],
      { kind: "reschedule", kid: "s", activatesAt: later(R - DAY) },
    ],
    [
      "reschedule, no sooner than it may sign",
      [active("a", R), staged("s", later(R), { createdAt: ago(1) })],
      { kind: "reschedule", kid: "s", activatesAt: later(899) },
    ],
    [
      "stop, of a refused key that signs, before all else",
      [active("r", R, REFUSED), staged("s", NOW)],
      { kind: "stop", kid: "r" },
    ],
    [
      "retire, of a refused key that is staged",
      [...ours, staged("r", later(R), REFUSED)],
      { kind: "retire", kid: "r" },
    ],
    [
      "retire, when the time of a retiring key is over",
      [...ours, retiring("r", 990)],
      { kind: "retire", kid: "r" },
    ],
    ["none a millisecond before that", [...ours, retiring("r", 989.999)], null],
    ["retire, also of a foreign key", [...ours, retiring("r", 990, FOREIGN)], { kind: "retire", kid: "r" }],
    [
      "stop, of a foreign key a day after its time",
      [...ours, active("f", R + DAY, FOREIGN)],
      { kind: "stop", kid: "f" },
    ],
    ["none a second before that", [...ours, active("f", R + DAY - 1, FOREIGN)], null],
    [
      "retire, of a foreign staged key a day after its time",
      [...ours, staged("f", ago(DAY), FOREIGN)],
      { kind: "retire", kid: "f" },
    ],
    ["none a second before that", [...ours, staged("f", ago(DAY - 1), FOREIGN)], null],
    [
      "stop, of a key of another algorithm a day after its time",
      [...ours, active("o", R + DAY, { algorithm: "HS256" })],
      { kind: "stop", kid: "o" },
    ],
    [
      "retire, of a staged key kept elsewhere a day after its time",
      [...ours, staged("o", ago(DAY), ELSEWHERE)],
      { kind: "retire", kid: "o" },
    ],
    [
      "none, of the key that signs, however old, while the next one may not yet",
      [active("a", 3 * R, { algorithm: "RS256" }), staged("s", later(1), { createdAt: ago(899) })],
      null,
    ],
  ];

  test.each(rows)("%s", (_name, keys, step) => {
    expect(nextKeyStep(keys, OWN_LINE, TEST_SCHEDULE, NOW)).toEqual(step);
    expect(nextKeyStep(keys.toReversed(), OWN_LINE, TEST_SCHEDULE, NOW)).toEqual(
      step?.kind === "activate" ? { ...step, replaces: step.replaces.toReversed() } : step,
    );
  });
});

describe("several lines of keys", () => {
  const LINES = keyLines("ES256", ["EdDSA"]);
  const E = { algorithm: "EdDSA" } as const;
  const theirs = [active("e", DAY, E), staged("f", later(R - DAY), E)];
  const secret = (name: string, changes: Partial<KeyFacts>): KeyFacts =>
    key(name, { use: secretUse("billing"), algorithm: "HS256", activatedAt: ago(DAY), ...changes });

  const rows: [name: string, keys: KeyFacts[], step: KeyStep | null][] = [
    ["none, where nothing is due in any", [...ours, ...theirs], null],
    ["create in our own first, where there is no key", [], { kind: "create", algorithm: "ES256" }],
    ["create in another, where only our own has keys", ours, { kind: "create", algorithm: "EdDSA" }],
    [
      "create in one where every key is foreign",
      [...ours, active("e", DAY, { ...E, ...FOREIGN })],
      { kind: "create", algorithm: "EdDSA" },
    ],
    [
      "activate the staged key of a line in which none signs, also where that is not known yet",
      [...ours, staged("f", later(R), { ...E, createdAt: ago(1) })],
      { kind: "activate", kid: "f", replaces: [] },
    ],
    [
      "activate of two staged keys the one that is known",
      [...ours, staged("f", later(1), { ...E, createdAt: ago(1) }), staged("g", later(R), E)],
      { kind: "activate", kid: "g", replaces: [] },
    ],
    [
      "stage in the one that lacks it",
      [...ours, active("e", DAY, E)],
      { kind: "stage", ...E, activatesAt: later(R - DAY) },
    ],
    [
      "activate what is due, and stop none of another line",
      [...ours, active("e", R, E), staged("f", NOW, E)],
      { kind: "activate", kid: "f", replaces: ["e"] },
    ],
    [
      "let a key of another line stand in while none of our own may sign",
      [...theirs, staged("s", later(1), { createdAt: ago(899) })],
      null,
    ],
    [
      "activate one of our own that is known, though another stands in",
      [...theirs, staged("s", later(R))],
      { kind: "activate", kid: "s", replaces: [] },
    ],
    [
      "leave keys of a line that is needed alone, however old",
      [...ours, active("e", 3 * R, E), staged("f", later(1), { ...E, createdAt: ago(899) })],
      null,
    ],
    [
      "stop, of a key of no line a day after its time",
      [...ours, ...theirs, active("o", R + DAY, { algorithm: "RS256" })],
      { kind: "stop", kid: "o" },
    ],
    [
      "none, of secrets that audiences share, however old and whatever there is of them",
      [
        ...ours,
        ...theirs,
        secret("x", { activatedAt: ago(9 * R) }),
        secret("y", { state: "staged", activatesAt: null, createdAt: ago(9 * R), activatedAt: null }),
        secret("z", { activatedAt: ago(9 * R), ...FOREIGN }),
      ],
      null,
    ],
    [
      "none, of a secret that stands alone",
      [...ours, ...theirs, secret("y", { state: "staged", activatedAt: null })],
      null,
    ],
    ["create, where only a secret could sign", [secret("x", {})], { kind: "create", algorithm: "ES256" }],
    [
      "retire, of a secret whose time is over",
      [...ours, ...theirs, secret("x", { state: "retiring", retiringAt: ago(990) })],
      { kind: "retire", kid: "x" },
    ],
    [
      "stop, of a secret that is refused",
      [...ours, ...theirs, secret("x", REFUSED)],
      { kind: "stop", kid: "x" },
    ],
  ];

  test.each(rows)("%s", (_name, keys, step) => {
    expect(nextKeyStep(keys, LINES, TEST_SCHEDULE, NOW)).toEqual(step);
    expect(nextKeyStep(keys.toReversed(), LINES, TEST_SCHEDULE, NOW)).toEqual(step);
  });

  it("lets none stand in where an audience needs the algorithm of our own pages", () => {
    const lines = keyLines("ES256", ["ES256", "EdDSA"]);
    expect(lines.map(({ algorithm }) => algorithm)).toEqual(["ES256", "EdDSA"]);
    expect(nextKeyStep(theirs, lines, TEST_SCHEDULE, NOW)).toEqual({ kind: "create", algorithm: "ES256" });
    expect(nextKeyStep(theirs, LINES, TEST_SCHEDULE, NOW)).toMatchObject({
      kind: "stage",
      algorithm: "ES256",
    });
  });

  it("lets the others go on where no key can be made for one, and clears nothing away meanwhile", () => {
    const stuck = new Set(["ES256"] as const);
    const abandoned = active("o", R + DAY, { algorithm: "RS256" });
    const keys = [abandoned, active("a", R), active("e", R, E), staged("f", NOW, E), retiring("r", 990)];
    const next = (rest: KeyFacts[]) => nextKeyStep(rest, LINES, TEST_SCHEDULE, NOW, stuck);
    expect(next(keys)).toEqual({ kind: "activate", kid: "f", replaces: ["e"] });
    expect(next([abandoned, ...theirs, retiring("r", 990)])).toEqual({ kind: "retire", kid: "r" });
    expect(next([abandoned, ...theirs])).toBeNull();
  });

  it("publishes no change of secrets", () => {
    const secrets = [secret("x", {}), secret("w", { state: "retiring", retiringAt: ago(1) })];
    expect(nextPublishedChange(secrets, TEST_SCHEDULE, NOW)).toBeNull();
  });

  it("has a key of each kind that signs: of two, one is to spare", () => {
    const keys = [
      ...theirs,
      secret("x", {}),
      secret("y", { activatedAt: ago(1), custody: "app-secret:earlier", standing: "usable" }),
      secret("other", { use: secretUse("shipping") }),
    ];
    expect(signingKey(keys, "HS256")?.kid).toBe("e");
    expect(activeKey(keys, { algorithm: "HS256" })).toBeNull();
    expect(activeKey(keys, { use: secretUse("billing"), algorithm: "HS256" })?.kid).toBe("x");
    expect(spareKeys(keys).map(({ kid }) => kid)).toEqual(["y"]);
  });
});

describe("the next change of what is published", () => {
  test.each<[string, KeyFacts[], Date | null]>([
    ["is not foreseen without keys", [], null],
    ["is about to be made where a key has just begun to sign and has no successor", [active("a", 1)], ago(1)],
    [
      "is not foreseen where it is long overdue",
      [active("a", 61), staged("s", ago(61), { algorithm: "RS256" })],
      null,
    ],
    ["is not hidden by one that is long overdue", [staged("s", ago(61)), retiring("r", 90)], later(900)],
    ["is when the staged key signs", ours, later(R - 10 * DAY)],
    ["is when the retiring key is retired", [...ours, retiring("r", 90)], later(900)],
    ["is the earlier of two", [retiring("q", 0), retiring("r", 90), staged("s", later(60))], later(60)],
    ["is past where it is overdue", [staged("s", ago(5))], ago(5)],
    ["is that of a foreign key too", [...ours, staged("f", later(7), FOREIGN)], later(7)],
  ])("%s", (_name, keys, at) => {
    expect(nextPublishedChange(keys, TEST_SCHEDULE, NOW)).toEqual(at);
  });
});

describe("which key signs, and which does next", () => {
  it("is the newest, of those that are kept where new ones are, of the algorithm that is set", () => {
    const keys = [
      active("old", 9),
      active("new", 8),
      active("elsewhere", 1, ELSEWHERE),
      active("other", 1, { algorithm: "RS256" }),
      active("foreign", 1, FOREIGN),
      active("refused", 1, REFUSED),
      retiring("retiring", 1),
      staged("staged", ago(1)),
    ];
    expect(signingKey(keys, "ES256")?.kid).toBe("new");
    expect(signingKey(keys, "RS256")?.kid).toBe("other");
    expect(spareKeys(keys).map(({ kid }) => kid)).toEqual(["old", "elsewhere"]);
  });

  it("is one of another algorithm while there is none of the one that is set", () => {
    expect(signingKey(ours, "EdDSA")?.kid).toBe("a");
    expect(signingKey([staged("s", ago(1))], "EdDSA")).toBeNull();
  });

  it("is the staged one that may sign first, of those that are kept where new ones are", () => {
    const keys = [
      staged("late", later(2)),
      staged("b", later(1)),
      staged("a", later(1)),
      staged("elsewhere", NOW, ELSEWHERE),
      staged("foreign", NOW, FOREIGN),
      staged("other", NOW, { algorithm: "RS256" }),
    ];
    expect(successor(keys, { algorithm: "ES256" })?.kid).toBe("a");
    expect(successor(keys, { algorithm: "EdDSA" })).toBeNull();
  });
});
