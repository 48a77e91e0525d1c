import type { ConnectedApp } from "@/lib/oauth/connected-apps";
import { describeScope } from "@/lib/oauth/describe-scope";
import { userinfoAudience } from "@/lib/oauth/userinfo-audience";
import type { Session } from "@/lib/sessions/session";

/** What an app may do, each sentence once however many services it is said of. */
export function permissionsOf(
  { scope, audiences }: Pick<ConnectedApp, "scope" | "audiences">,
  issuer: string,
): string[] {
  const services = audiences.map((name) => (name === userinfoAudience(issuer) ? null : name));
  return [...new Set(services.flatMap((service) => describeScope(scope, service)))];
}

/** Of the grants that are live, the one that was in use last. */
export function lastSeenOf({ grants }: Pick<ConnectedApp, "grants">): Session | null {
  const [latest = null] = grants.toSorted((one, other) => Number(other.lastSeenAt) - Number(one.lastSeenAt));
  return latest;
}
