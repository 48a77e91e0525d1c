import type { ReactNode } from "react";
import { BAR_STYLES, RevokedMark } from "./timeline-marks";

const WIDTH = 28;
const HEIGHT = 16;

/** What the marks of the picture mean. */
export function TimelineLegend() {
  return (
    <ul className="flex flex-wrap gap-x-6 gap-y-2 text-sm text-muted">
      <Entry text="Staged, does not sign yet" mark={<BarMark {...BAR_STYLES.staged} />} />
      <Entry text="Active, signs" mark={<BarMark {...BAR_STYLES.active} />} />
      <Entry text="Retiring, still accepted" mark={<BarMark {...BAR_STYLES.retiring} />} />
      <Entry
        text="Planned"
        mark={<BarMark height={BAR_STYLES.active.height} been={BAR_STYLES.active.planned} isDashed />}
      />
      <Entry text="Revoked" mark={<RevokedMark x={WIDTH / 2} y={HEIGHT / 2} />} />
    </ul>
  );
}

function Entry({ text, mark }: { text: string; mark: ReactNode }) {
  return (
    <li className="flex items-center gap-2">
      <svg aria-hidden="true" width={WIDTH} height={HEIGHT} className="shrink-0 overflow-visible">
        {mark}
      </svg>
      {text}
    </li>
  );
}

interface BarMarkProps {
  height: number;
  been: string;
  isDashed?: boolean;
}

function BarMark({ height, been, isDashed = false }: BarMarkProps) {
  const y = (HEIGHT - height) / 2;
  return (
    <rect
      x="1"
      y={y}
      width={WIDTH - 2}
      height={height}
      rx="2"
      strokeDasharray={isDashed ? "3 3" : undefined}
      className={been}
    />
  );
}
