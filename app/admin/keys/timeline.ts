import { addSeconds, earlierOf, laterOf } from "@/lib/crypto/clock";
import { type DatedKey, type KeyPlan, type Phase, type Span, spansOf } from "./key-life";
import { ticksBetween } from "./time-ticks";

/** Where everything stands in the picture of the keys; x and width in percent of its width. */
export interface Timeline {
  /** The newest key first. */
  rows: TimelineRow[];
  ticks: { x: number; label: string }[];
  nowX: number;
}

export interface TimelineRow {
  kid: string;
  /** From left to right; they do not overlap. */
  bars: Bar[];
  revokedX: number | null;
}

export interface Bar {
  phase: Phase;
  /** It lies in the future. */
  isPlanned: boolean;
  x: number;
  width: number;
}

const MAX_ROWS = 12;
const MAX_TICKS = 6;
const MIN_WIDTH = 1;
const MIN_SPAN_SECONDS = 3_600;
const MARGIN_BEFORE = 0.02;
/** Wide enough for the shortest bars of a key whose life has just begun. */
const MARGIN_AFTER = 0.06;

/**
 * Lays out the newest keys. The picture reaches back for as many rotations as it has rows, and so far ahead as anything
 * is planned: a key that was over long before does not press the others together.
 */
export function layOutTimeline(keys: readonly DatedKey[], plan: KeyPlan, rotationSeconds: number): Timeline {
  const lives = keys.slice(0, MAX_ROWS).map((key) => ({ key, spans: spansOf(key, plan) }));
  const spans = lives.flatMap((life) => life.spans);
  const scale = scaleFor(spans, plan.now, addSeconds(plan.now, -MAX_ROWS * rotationSeconds));
  const rows = lives.flatMap(({ key, spans }) => {
    const seen = spans.filter(({ until }) => until === null || until > scale.start);
    return seen.length === 0 ? [] : [rowOf(key, seen, plan.now, scale)];
  });
  const ticks = ticksBetween(scale.start, scale.end, MAX_TICKS);
  return { rows, ticks: ticks.map(({ at, label }) => ({ x: scale.x(at), label })), nowX: scale.x(plan.now) };
}

interface Scale {
  start: Date;
  end: Date;
  x(at: Date): number;
}

function scaleFor(spans: readonly Span[], now: Date, earliest: Date): Scale {
  const first = spans.reduce((at, { from }) => earlierOf(at, from), now);
  const last = spans.reduce((at, { from, until }) => laterOf(at, until ?? from), now);
  const begin = laterOf(first, earliest).getTime();
  const spanMs = Math.max(last.getTime() - begin, MIN_SPAN_SECONDS * 1000);
  const startMs = begin - MARGIN_BEFORE * spanMs;
  const endMs = begin + (1 + MARGIN_AFTER) * spanMs;
  const x = (at: Date) => Math.min(100, Math.max(0, ((at.getTime() - startMs) / (endMs - startMs)) * 100));
  return { start: new Date(startMs), end: new Date(endMs), x };
}

function rowOf({ kid, revokedAt }: DatedKey, spans: readonly Span[], now: Date, scale: Scale): TimelineRow {
  const bars: Bar[] = [];
  let free = 0;
  for (const { phase, isPlanned, from, until } of spans.flatMap((span) => piecesOf(span, now, scale.end))) {
    const x = Math.max(scale.x(from), free);
    free = Math.max(scale.x(until), x + MIN_WIDTH);
    bars.push({ phase, isPlanned, x, width: free - x });
  }
  return { kid, bars, revokedX: revokedAt === null ? null : Math.max(scale.x(revokedAt), free) };
}

/** What of a span has been, and what of it is planned. */
function piecesOf({ phase, from, until }: Span, now: Date, end: Date) {
  const over = until ?? end;
  const past = { phase, isPlanned: false, from, until: earlierOf(over, now) };
  const planned = { phase, isPlanned: true, from: laterOf(from, now), until: over };
  return [...(from <= now ? [past] : []), ...(over > now ? [planned] : [])];
}
