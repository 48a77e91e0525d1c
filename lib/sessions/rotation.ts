import { REFRESH_OVERLAP_SECONDS } from "@/lib/config/durations";
import { secondsBetween } from "@/lib/crypto/clock";
import type { Session } from "./session";

/** A second recovery within so many generations is a thief at work, not a bad line. */
const RECOVERY_WINDOW_GENERATIONS = 20;

/** rotate: make the next generation. repeat, recover: issue the current one again. reuse: end the session. */
export type RefreshVerdict = "rotate" | "repeat" | "recover" | "reuse";

type RotationState = Pick<
  Session,
  | "generation"
  | "rotatedAt"
  | "acknowledgedGeneration"
  | "acknowledgedAt"
  | "recoveredGeneration"
  | "userAgent"
>;

/**
 * The table of acknowledged rotation (docs/decisions/002): what a genuine refresh token of a live session is due.
 * `repeat` serves parallel requests of one browser; `recover` serves a browser whose response was lost, and is
 * bounded so that a thief who always rotates first cannot pass for one.
 */
export function judgeRefresh(
  session: RotationState,
  presentedGeneration: number,
  userAgent: string,
  now: Date,
): RefreshVerdict {
  if (presentedGeneration === session.generation) return "rotate";
  if (presentedGeneration !== session.generation - 1) return "reuse";
  if (isWithinOverlap(session, now)) return "repeat";
  return mayRecover(session, userAgent) ? "recover" : "reuse";
}

const isAcknowledged = (session: RotationState): boolean =>
  session.acknowledgedGeneration === session.generation;

function isWithinOverlap(session: RotationState, now: Date): boolean {
  if (secondsBetween(session.rotatedAt, now) < REFRESH_OVERLAP_SECONDS) return true;
  return isAcknowledged(session) && secondsBetween(session.acknowledgedAt, now) < REFRESH_OVERLAP_SECONDS;
}

function mayRecover(session: RotationState, userAgent: string): boolean {
  if (isAcknowledged(session) || userAgent !== session.userAgent) return false;
  const { recoveredGeneration, generation } = session;
  if (recoveredGeneration === null || recoveredGeneration === generation) return true;
  return generation - recoveredGeneration > RECOVERY_WINDOW_GENERATIONS;
}
