import { describe, expect, test } from "vitest";
import { judgeRefresh, type RefreshVerdict } from "./rotation";

const NOW = new Date("2027-01-01T12:00:00.000Z");
const ago = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1000);
const JUST_WITHIN = 29.999;
const LONG = 3_600;

/** Generation 50, rotated long ago and since then unseen. */
const UNACKNOWLEDGED = {
  generation: 50,
  rotatedAt: ago(LONG),
  acknowledgedGeneration: 49,
  acknowledgedAt: ago(LONG + 600),
  recoveredGeneration: null as number | null,
  userAgent: "Firefox",
};
const ACKNOWLEDGED = { ...UNACKNOWLEDGED, acknowledgedGeneration: 50, acknowledgedAt: ago(LONG - 1) };

type State = typeof UNACKNOWLEDGED;
type Row = [
  row: string,
  state: Partial<State>,
  presented: number,
  verdict: RefreshVerdict,
  userAgent?: string,
];

function expectVerdict(
  session: State,
  presented: number,
  userAgent: string | undefined,
  verdict: RefreshVerdict,
) {
  expect(judgeRefresh(session, presented, userAgent ?? "Firefox", NOW)).toBe(verdict);
}

describe("of a generation that has not been seen in use", () => {
  test.each<Row>([
    ["the current one rotates", {}, 50, "rotate"],
    ["the current one rotates from another browser", {}, 50, "rotate", "curl"],
    ["the current one rotates straight after a rotation", { rotatedAt: NOW }, 50, "rotate"],

    ["the previous one in the instant of the rotation repeats", { rotatedAt: NOW }, 49, "repeat"],
    ["the previous one after 29.999 s repeats", { rotatedAt: ago(JUST_WITHIN) }, 49, "repeat"],
    ["and from another user agent too", { rotatedAt: ago(JUST_WITHIN) }, 49, "repeat", "curl"],
    ["and whatever was recovered before", { rotatedAt: ago(1), recoveredGeneration: 49 }, 49, "repeat"],
    ["a clock that is behind the rotation's repeats", { rotatedAt: ago(-10) }, 49, "repeat"],

    ["the previous one after exactly 30 s recovers", { rotatedAt: ago(30) }, 49, "recover"],
    ["the previous one an hour later recovers", {}, 49, "recover"],
    ["after exactly 30 s from another user agent it is reuse", { rotatedAt: ago(30) }, 49, "reuse", "curl"],
    ["from another user agent it is reuse", {}, 49, "reuse", "Firefox/2"],
    ["without a user agent it is reuse", {}, 49, "reuse", ""],
    ["where neither names one it recovers", { userAgent: "" }, 49, "recover", ""],
    [
      "a recent acknowledgement of an older generation counts nothing",
      { acknowledgedAt: ago(1) },
      49,
      "recover",
    ],

    ["a second recovery of the same generation recovers", { recoveredGeneration: 50 }, 49, "recover"],
    ["one of the same generation from elsewhere is reuse", { recoveredGeneration: 50 }, 49, "reuse", "curl"],
    ["a recovery one generation ago makes it reuse", { recoveredGeneration: 49 }, 49, "reuse"],
    ["a recovery 19 generations ago makes it reuse", { recoveredGeneration: 31 }, 49, "reuse"],
    ["a recovery 20 generations ago makes it reuse", { recoveredGeneration: 30 }, 49, "reuse"],
    ["a recovery 21 generations ago is forgotten", { recoveredGeneration: 29 }, 49, "recover"],
    [
      "a recovery of the first generation is remembered",
      { generation: 20, recoveredGeneration: 0 },
      19,
      "reuse",
    ],
    ["and forgotten at the 21st", { generation: 21, recoveredGeneration: 0 }, 20, "recover"],

    ["one older than the previous is reuse", {}, 48, "reuse"],
    ["one older is reuse within the overlap as well", { rotatedAt: NOW, acknowledgedAt: NOW }, 48, "reuse"],
    ["the first of all is reuse", {}, 0, "reuse"],
    ["one not yet made is reuse", {}, 51, "reuse"],
  ])("%s", (_row, state, presented, verdict, userAgent) => {
    expectVerdict({ ...UNACKNOWLEDGED, ...state }, presented, userAgent, verdict);
  });
});

describe("of a generation that has been seen in use", () => {
  test.each<Row>([
    ["the current one rotates", {}, 50, "rotate"],
    ["the previous one is reuse", {}, 49, "reuse"],
    ["the previous one is reuse though it was recovered once", { recoveredGeneration: 50 }, 49, "reuse"],
    ["29.999 s after the acknowledgement it repeats", { acknowledgedAt: ago(JUST_WITHIN) }, 49, "repeat"],
    ["exactly 30 s after it is reuse", { acknowledgedAt: ago(30) }, 49, "reuse"],
    [
      "within the overlap of the rotation alone it repeats",
      { rotatedAt: ago(JUST_WITHIN), acknowledgedAt: ago(30) },
      49,
      "repeat",
    ],
    ["one older is reuse right after the acknowledgement", { acknowledgedAt: NOW }, 48, "reuse"],
  ])("%s", (_row, state, presented, verdict, userAgent) => {
    expectVerdict({ ...ACKNOWLEDGED, ...state }, presented, userAgent, verdict);
  });
});

describe("of a session that was never refreshed", () => {
  const fresh: State = {
    generation: 0,
    rotatedAt: ago(LONG),
    acknowledgedGeneration: 0,
    acknowledgedAt: ago(LONG),
    recoveredGeneration: null,
    userAgent: "Firefox",
  };
  test.each<Row>([
    ["generation 0 rotates", {}, 0, "rotate"],
    ["there is no generation before it", {}, -1, "reuse"],
    ["after one rotation generation 0 can be recovered", { generation: 1 }, 0, "recover"],
    ["after one rotation in use it is reuse", { generation: 1, acknowledgedGeneration: 1 }, 0, "reuse"],
    ["after two rotations it is reuse", { generation: 2 }, 0, "reuse"],
  ])("%s", (_row, state, presented, verdict, userAgent) => {
    expectVerdict({ ...fresh, ...state }, presented, userAgent, verdict);
  });
});
