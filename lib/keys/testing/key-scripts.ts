import fc from "fast-check";
import type { Algorithm } from "../algorithms";
import type { ProcessSettings } from "./key-process";
import { DAY_SECONDS } from "./key-story";
import type { Act, Passing, Step } from "./key-world";

// Whatever may be done to keys, in any order.

export const SHARED = "the shared secret, of 32 bytes or more";
export const SECOND = "the second secret, of 32 bytes or more";
export const THIRD = "the third secret, of 32 bytes or more!";

/** From a moment to most of a year, and to both sides of every time that keys have. */
const WAITS = [0, 0.4, 1, 10, 29, 300, 600, 900, 3_600].concat([1, 5].map((days) => days * DAY_SECONDS));
const OFFSETS = [-300, -31, -1, -0.001, 0, 0.001, 1, 29, 31, 300];
const JUMPS = [1, 3_600, 31 * DAY_SECONDS, 400 * DAY_SECONDS].flatMap((seconds) => [seconds, -seconds]);

const MOST_MOMENTS = 30;
const process = fc.nat(3);

type Deed = Act["deed"];

function deeds(weights: Partial<Record<Deed, number>>): fc.Arbitrary<Deed> {
  const deed = (name: string) => fc.constant(name as Deed);
  return fc.oneof(...Object.entries(weights).map(([name, weight]) => ({ weight, arbitrary: deed(name) })));
}

const DEEDS = { poll: 8, issue: 8, reload: 2, rotate: 1, revoke: 1 };

function acts(deed: fc.Arbitrary<Deed>): fc.Arbitrary<Act[]> {
  const momentsLeft = fc.option(fc.nat(MOST_MOMENTS), { freq: 2, nil: undefined });
  return fc.array(fc.record({ process, deed, nth: fc.nat(3), momentsLeft }), { maxLength: 4 });
}

const wait: fc.Arbitrary<Passing> = fc.record({
  kind: fc.constant("wait"),
  seconds: fc.constantFrom(...WAITS),
});
const approach: fc.Arbitrary<Passing> = fc.record({
  kind: fc.constant("approach"),
  nth: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
  offsetSeconds: fc.constantFrom(...OFFSETS),
});
const jump: fc.Arbitrary<Passing> = fc.record({
  kind: fc.constant("jump"),
  seconds: fc.constantFrom(...JUMPS),
});

/** What may happen, besides what always may. */
export function scripts({ rewraps = false, jumps = false } = {}): fc.Arbitrary<Step[]> {
  const passing = fc.oneof(
    { weight: 2, arbitrary: wait },
    { weight: 3, arbitrary: approach },
    { weight: jumps ? 2 : 0, arbitrary: jump },
  );
  const deed = deeds({ ...DEEDS, rewrap: rewraps ? 1 : 0 });
  const step = fc.record({ passing, acts: acts(deed), verifiersAsk: fc.option(process, { freq: 2 }) });
  return fc.array(step, { minLength: 1, maxLength: 30, size: "max" });
}

/** What audiences need, in half of the worlds nothing. */
export const needed: fc.Arbitrary<Algorithm[]> = fc.oneof(
  fc.constant<Algorithm[]>([]),
  fc.subarray<Algorithm>(["ES256", "EdDSA"], { minLength: 1 }),
);

/** As far apart as clocks may be. */
const skewSeconds = fc.constantFrom(-30, 0, 30);
const algorithm = fc.constantFrom<Algorithm>("ES256", "EdDSA", "HS256");

/** Processes that can all use the same keys; each seals new ones under the first of its secrets. */
export const alike = (...secretLists: string[][]): fc.Arbitrary<ProcessSettings[]> =>
  fc
    .record({
      algorithm,
      rotationDays: fc.constantFrom(1, 30, 365),
      own: fc.array(fc.record({ secrets: fc.constantFrom(...secretLists), skewSeconds }), {
        minLength: 1,
        maxLength: 4,
      }),
    })
    .map(({ own, ...common }) => own.map((settings) => ({ ...common, ...settings, hasSigner: false })));

/** Processes of which some cannot use what others have made; mostly of one algorithm. */
export const different = (...secretLists: string[][]): fc.Arbitrary<ProcessSettings[]> => {
  const own = fc.record({
    secrets: fc.constantFrom(...secretLists),
    isOutside: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.boolean() }),
    another: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: algorithm }),
    rotationDays: fc.constantFrom(1, 3),
    skewSeconds,
  });
  return fc
    .record({ algorithm, all: fc.array(own, { minLength: 2, maxLength: 4 }) })
    .map(({ algorithm, all }) =>
      all.map(({ another, isOutside, ...settings }) => {
        const own = another ?? algorithm;
        return { ...settings, algorithm: own, hasSigner: isOutside && own !== "HS256" };
      }),
    );
};
