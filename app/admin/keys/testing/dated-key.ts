import type { DatedKey, KeyPlan } from "../key-life";

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse("2026-11-24T12:00:00Z");

/** An instant so many days after the present of these tests. */
export const day = (days: number): Date => new Date(NOW_MS + days * DAY_MS);

type Days = Partial<Record<Exclude<keyof DatedKey, "kid">, number>>;

/** A key whose dates are given in days from now. */
export function keyOf(kid: string, { createdAt = 0, ...days }: Days): DatedKey {
  const dates = Object.entries(days).map(([name, at]) => [name, day(at)]);
  const none = { activatesAt: null, activatedAt: null, retiringAt: null, retiredAt: null, revokedAt: null };
  return { kid, createdAt: day(createdAt), ...none, ...Object.fromEntries(dates) };
}

/** "active" signs, and "staged" takes over in 20 days. */
export const PLAN: KeyPlan = { now: day(0), handovers: new Map([["active", day(20)]]) };

export const STAGED = keyOf("staged", { createdAt: -10, activatesAt: 20 });
export const ACTIVE = keyOf("active", { createdAt: -40, activatesAt: -10, activatedAt: -10 });
export const RETIRED = keyOf("retired", {
  createdAt: -70,
  activatesAt: -40,
  activatedAt: -40,
  retiringAt: -10,
  retiredAt: -9.99,
});
