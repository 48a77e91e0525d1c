import { DENYLIST_POLL_OVERLAP_SECONDS } from "@/lib/config/durations";
import { addSeconds, earlierOf } from "@/lib/crypto/clock";
import type { DenialCursor, FedDenial } from "./denial";

/** How far back the next read looks: further than any transaction that writes a denial may take. */
export const overlapStart = ({ readAt }: DenialCursor): Date =>
  addSeconds(readAt, -DENYLIST_POLL_OVERLAP_SECONDS);

/** Whether a read from this cursor brings the denial: a reader who got there may not have seen it. */
export const isAhead = ({ recordedBy, recordedAt }: FedDenial, cursor: DenialCursor): boolean =>
  recordedBy >= cursor.oldestRunning && recordedAt >= overlapStart(cursor);

/** A read from here brings whatever a read from any of them would; null, which reads all, when they differ in database. */
export function earliestOf(cursors: readonly DenialCursor[]): DenialCursor | null {
  const [first = null] = cursors;
  return cursors.reduce<DenialCursor | null>((one, other) => one && earlierCursor(one, other), first);
}

function earlierCursor(one: DenialCursor, other: DenialCursor): DenialCursor | null {
  if (one.database !== other.database) return null;
  const { oldestRunning } = one.oldestRunning < other.oldestRunning ? one : other;
  return { database: one.database, oldestRunning, readAt: earlierOf(one.readAt, other.readAt) };
}
