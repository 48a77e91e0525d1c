const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const UNITS = [
  { unit: "day", seconds: 86_400 },
  { unit: "hour", seconds: 3_600 },
  { unit: "minute", seconds: 60 },
] as const;

/** "24 Nov 2025, 08:25 UTC". By hand: the server's and the browser's Intl data may differ, and hydration compares. */
export function utcText(at: Date): string {
  const minute = at.toISOString().slice(11, 16);
  return `${at.getUTCDate()} ${utcMonthText(at)} ${at.getUTCFullYear()}, ${minute} UTC`;
}

/** "Nov". */
export const utcMonthText = (at: Date): string => MONTHS[at.getUTCMonth()] ?? "";

const absolute = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** "24 Nov 2025, 09:25" in the reader's own time zone. */
export function localText(at: Date): string {
  return absolute.format(at);
}

export function exactLocalText(at: Date): string {
  return exact.format(at);
}

/** "3 minutes ago", "in 6 days"; a date once it is more than 30 days away. */
export function relativeText(at: Date, nowMs: number): string {
  const seconds = Math.round((at.getTime() - nowMs) / 1000);
  const distance = Math.abs(seconds);
  if (distance > 30 * 86_400) return localText(at);
  const step = UNITS.find((candidate) => distance >= candidate.seconds);
  if (!step) return seconds > 0 ? "in less than a minute" : "just now";
  return relative.format(Math.trunc(seconds / step.seconds), step.unit);
}
