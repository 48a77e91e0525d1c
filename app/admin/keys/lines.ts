import type { KeyOverview } from "@/lib/key-overview";
import type { KeyPlan } from "./key-life";

type LineOverview = KeyOverview["lines"][number];

/** Whose tokens the keys of an algorithm sign; null where there is one line of keys, which signs them all. */
export type LineNames = ReadonlyMap<string, string> | null;

export function lineNames(lines: readonly LineOverview[]): LineNames {
  if (lines.length < 2) return null;
  return new Map(lines.map(({ algorithm, signsFor }) => [algorithm, NAMES[signsFor]]));
}

const NAMES: Record<LineOverview["signsFor"], string> = {
  own_pages: "for our own pages",
  audiences: "for audiences",
  both: "for our own pages and audiences",
};

/** What is foreseen of all lines. A key that stands in for another line goes by its own. */
export function planOf({ lines, now }: Pick<KeyOverview, "lines" | "now">): KeyPlan {
  const known = lines.flatMap(({ signingKid, next }): [string, Date][] =>
    signingKid === null || next === null ? [] : [[signingKid, next.at]],
  );
  return { now, handovers: new Map(known) };
}
