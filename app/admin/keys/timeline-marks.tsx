import type { Phase } from "./key-life";

/** Told apart by height and outline too, not by colour alone. */
export const BAR_STYLES: Record<Phase, { height: number; been: string; planned: string }> = {
  staged: {
    height: 6,
    been: "fill-accent-soft stroke-accent",
    planned: "fill-transparent stroke-accent",
  },
  active: {
    height: 14,
    been: "fill-accent stroke-accent",
    planned: "fill-accent/15 stroke-accent",
  },
  retiring: {
    height: 10,
    been: "fill-muted stroke-muted",
    planned: "fill-muted stroke-muted",
  },
};

/** A cross in a disc around a point. */
export function RevokedMark({ x, y }: { x: string | number; y: number }) {
  return (
    <svg aria-hidden="true" x={x} y={y} className="overflow-visible">
      <circle r="7" className="fill-surface stroke-danger" strokeWidth="1.5" />
      <path d="m-3-3 6 6m0-6-6 6" className="stroke-danger" strokeWidth="1.75" strokeLinecap="round" />
    </svg>
  );
}
