import { utcMonthText } from "@/app/_ui/time-text";

export interface Tick {
  at: Date;
  label: string;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MONTH_MS = 30.44 * DAY_MS;

const FIXED_STEPS_MS = [
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  ...[1, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 7, 14].map((days) => days * DAY_MS),
];
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120, 600];

/** Round instants (UTC) from `start` to `end`, as close together as `maxCount` allows, each with a short label. */
export function ticksBetween(start: Date, end: Date, maxCount: number): Tick[] {
  const spanMs = end.getTime() - start.getTime();
  const fits = (stepMs: number) => spanMs / stepMs <= maxCount;
  const fixed = FIXED_STEPS_MS.find(fits);
  if (fixed !== undefined) return fixedTicks(start, end, fixed);
  const months = MONTH_STEPS.find((count) => fits(count * MONTH_MS)) ?? 1_200;
  return monthTicks(start, end, months);
}

function fixedTicks(start: Date, end: Date, stepMs: number): Tick[] {
  const ticks: Tick[] = [];
  for (let ms = Math.ceil(start.getTime() / stepMs) * stepMs; ms <= end.getTime(); ms += stepMs) {
    const at = new Date(ms);
    ticks.push({ at, label: ms % DAY_MS === 0 ? dayText(at) : at.toISOString().slice(11, 16) });
  }
  return ticks;
}

function monthTicks(start: Date, end: Date, stepMonths: number): Tick[] {
  const ticks: Tick[] = [];
  const first = Math.floor((start.getUTCFullYear() * 12 + start.getUTCMonth()) / stepMonths) * stepMonths;
  for (let month = first; monthStart(month) <= end; month += stepMonths) {
    const at = monthStart(month);
    if (at >= start) ticks.push({ at, label: monthText(at, stepMonths) });
  }
  return ticks;
}

/** The first instant of a month, counted from January of the year 0. */
const monthStart = (month: number): Date => new Date(Date.UTC(Math.floor(month / 12), month % 12));

const dayText = (at: Date): string => `${at.getUTCDate()} ${utcMonthText(at)}`;

function monthText(at: Date, stepMonths: number): string {
  const year = String(at.getUTCFullYear());
  if (stepMonths % 12 === 0) return year;
  return at.getUTCMonth() === 0 ? `${utcMonthText(at)} ${year}` : utcMonthText(at);
}
