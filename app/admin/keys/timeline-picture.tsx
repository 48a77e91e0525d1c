import { shortKid } from "./key-text";
import type { Bar, Timeline, TimelineRow } from "./timeline";
import { BAR_STYLES, RevokedMark } from "./timeline-marks";

const ROW_HEIGHT = 32;
const TOP = 28;
const BOTTOM = 24;

interface TimelinePictureProps {
  timeline: Timeline;
  signingKids: readonly (string | null)[];
}

/** The lives of the keys, one below the other, against the time. Sized by its container: lengths are in percent of it. */
export function TimelinePicture({ timeline, signingKids }: TimelinePictureProps) {
  const { rows, ticks, nowX } = timeline;
  const bottom = TOP + rows.length * ROW_HEIGHT;
  return (
    <div className="@container grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 sm:gap-x-5">
      <RowNames rows={rows} signingKids={signingKids} />
      <svg
        role="img"
        aria-label={`Timeline of ${rows.length} keys. The table below says the same.`}
        height={bottom + BOTTOM}
        className="block w-full overflow-visible text-xs"
      >
        {ticks.map(({ x, label }, index) => (
          <g key={x} className={index % 2 === 0 ? "" : "hidden @xl:block"}>
            <line x1={`${x}%`} x2={`${x}%`} y1={TOP} y2={bottom} className="stroke-line" />
            <text x={`${x}%`} y={bottom + 17} textAnchor="middle" className="fill-muted">
              {label}
            </text>
          </g>
        ))}
        {rows.map((row, index) => (
          <Life key={row.kid} row={row} y={TOP + (index + 0.5) * ROW_HEIGHT} />
        ))}
        <line
          x1={`${nowX}%`}
          x2={`${nowX}%`}
          y1={TOP - 8}
          y2={bottom}
          className="stroke-ink"
          strokeWidth="1.5"
        />
        <text x={`${nowX}%`} y={TOP - 14} textAnchor={anchorAt(nowX)} className="fill-ink font-medium">
          Now
        </text>
      </svg>
    </div>
  );
}

function RowNames({
  rows,
  signingKids,
}: Pick<TimelinePictureProps, "signingKids"> & { rows: readonly TimelineRow[] }) {
  return (
    <ol aria-hidden="true" className="pt-7 font-mono text-xs text-muted">
      {rows.map(({ kid }) => (
        <li
          key={kid}
          className={`flex h-8 items-center ${signingKids.includes(kid) ? "font-semibold text-ink" : ""}`}
        >
          {shortKid(kid)}
        </li>
      ))}
    </ol>
  );
}

function Life({ row: { bars, revokedX }, y }: { row: TimelineRow; y: number }) {
  return (
    <>
      {bars.map((bar) => (
        <BarShape key={bar.x} bar={bar} y={y} />
      ))}
      {revokedX !== null && <RevokedMark x={`${revokedX}%`} y={y} />}
    </>
  );
}

function BarShape({ bar: { phase, isPlanned, x, width }, y }: { bar: Bar; y: number }) {
  const { height, been, planned } = BAR_STYLES[phase];
  return (
    <rect
      x={`${x}%`}
      width={`${width}%`}
      y={y - height / 2}
      height={height}
      rx="2"
      strokeDasharray={isPlanned ? "3 3" : undefined}
      className={isPlanned ? planned : been}
    />
  );
}

/** Keeps a label inside near the edges. */
function anchorAt(x: number): "start" | "middle" | "end" {
  if (x < 6) return "start";
  return x > 94 ? "end" : "middle";
}
