import { ACCEPTED_ACCESS_TOKEN_SECONDS, REFRESH_OVERLAP_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import type { SessionDependencies } from "./dependencies";
import type { SessionEndReason } from "./session";
import type { EndedSessions, Listing, Page, SessionEnding, SessionSelection } from "./session-store";

type EndingEvent = Omit<SessionEnding["event"], "type"> & Partial<Pick<SessionEnding["event"], "type">>;

/** The sessions that one statement ends: few enough for its time limit and for those who wait for their rows. */
const BATCH_SESSIONS = 1_000;

type EndingDependencies = Pick<SessionDependencies, "store" | "denylist" | "clock" | "metrics">;

/**
 * Ends the selected live sessions and denies their access tokens: durable when it resolves, refused by this process
 * at its next request, by others within their bound. One audit event a session. Returns the ids that ended.
 * With the one that is left out go on the grants that live as long as it does: the apps that are used in that browser.
 * Those of a person or of everyone end from the newest on, batch after batch; one that starts meanwhile goes on.
 */
export async function endSessions(
  deps: EndingDependencies,
  selection: SessionSelection,
  reason: SessionEndReason,
  event: EndingEvent,
  { isTold = true } = {},
): Promise<string[]> {
  const ending = (): SessionEnding => ({ ...sessionEnding(deps, reason, event), isTold });
  if (selection.kind === "ids") {
    const ended = await deps.store.end(selection, ending());
    await announceEnded(deps, reason, ended);
    return ended.endedIds;
  }
  const whose = {
    userId: selection.kind === "all" ? null : selection.userId,
    clientId: selection.kind === "grants" ? selection.clientId : null,
    exceptId: selection.kind === "grants" ? null : selection.exceptId,
  };
  const endedIds: string[] = [];
  const announced: Promise<void>[] = [];
  let cursor: string | null = null;
  do {
    const page: Page = { limit: BATCH_SESSIONS, cursor };
    const batch: Listing<string> = await deps.store.listLiveIds(whose, page, deps.clock.now());
    const named = { kind: "ids", ids: batch.items, ownedBy: null } as const;
    const ended = await deps.store.end(named, ending());
    endedIds.push(...ended.endedIds);
    // Everybody is told at once; where that takes a while, the next batch does not wait for it.
    announced.push(announceEnded(deps, reason, ended));
    cursor = batch.nextCursor;
  } while (cursor !== null);
  await Promise.all(announced);
  return endedIds;
}

/** Counts what has ended, and tells it to everybody who judges tokens. */
export async function announceEnded(
  { denylist, metrics }: Pick<SessionDependencies, "denylist" | "metrics">,
  reason: SessionEndReason,
  { endedIds, denials }: EndedSessions,
): Promise<void> {
  metrics.sessionsEnded.inc(reason, endedIds.length);
  await denylist.publish(denials);
}

/** How sessions end now, for a caller that ends them together with something else. */
export function sessionEnding(
  { clock }: Pick<SessionDependencies, "clock">,
  reason: SessionEndReason,
  event: EndingEvent,
): SessionEnding {
  const now = clock.now();
  return {
    now,
    reason,
    isTold: true,
    denyUntil: addSeconds(now, ACCEPTED_ACCESS_TOKEN_SECONDS),
    // Its last token may have been issued as late as one overlap after it was last seen, and have been shown for one for
    // a service in its last moment.
    quietSince: addSeconds(now, -(2 * ACCEPTED_ACCESS_TOKEN_SECONDS + REFRESH_OVERLAP_SECONDS)),
    event: { type: "session.ended", ...event, details: { reason, ...event.details } },
  };
}
