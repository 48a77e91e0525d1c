import type { ConnectedApp } from "@/lib/oauth/connected-apps";
import type { Session } from "@/lib/sessions/session";

/** Of the grants that are live, the one that was in use last. */
export function lastSeenOf({ grants }: Pick<ConnectedApp, "grants">): Session | null {
  const [latest = null] = grants.toSorted((one, other) => Number(other.lastSeenAt) - Number(one.lastSeenAt));
  return latest;
}
