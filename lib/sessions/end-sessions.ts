import { ACCEPTED_ACCESS_TOKEN_SECONDS, REFRESH_OVERLAP_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import type { SessionDependencies } from "./dependencies";
import type { SessionEndReason } from "./session";
import type { SessionEnding, SessionSelection } from "./session-store";

type EndingEvent = Omit<SessionEnding["event"], "type"> & Partial<Pick<SessionEnding["event"], "type">>;

/**
 * Ends the selected live sessions and denies their access tokens: durable when it resolves, refused by this process
 * at its next request, by others within their bound. One audit event a session. Returns the ids that ended.
 */
export async function endSessions(
  deps: Pick<SessionDependencies, "store" | "denylist" | "clock">,
  selection: SessionSelection,
  reason: SessionEndReason,
  event: EndingEvent,
): Promise<string[]> {
  const { endedIds, denials } = await deps.store.end(selection, sessionEnding(deps, reason, event));
  deps.denylist.learn(denials);
  return endedIds;
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
    denyUntil: addSeconds(now, ACCEPTED_ACCESS_TOKEN_SECONDS),
    // The last token of a session may have been issued as late as one overlap after it was last seen.
    quietSince: addSeconds(now, -(ACCEPTED_ACCESS_TOKEN_SECONDS + REFRESH_OVERLAP_SECONDS)),
    event: { type: "session.ended", ...event, details: { reason, ...event.details } },
  };
}
