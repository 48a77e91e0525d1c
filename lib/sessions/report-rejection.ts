import type { Client } from "@/lib/audit/events";
import { addressBucket } from "@/lib/policy/client-address";
import type { Authentication } from "./authenticate";
import type { SessionDependencies } from "./dependencies";

/** Counts a token that was refused, and records one that no honest client holds. Its sender does not learn the reason. */
export async function reportRejection(
  deps: Pick<SessionDependencies, "audit" | "clock" | "metrics" | "reportedRejections">,
  rejection: Extract<Authentication, { ok: false }>,
  client: Client,
): Promise<void> {
  deps.metrics.tokenRejections.inc(rejection.reason);
  if (rejection.isRenewable) return;
  const report = `${addressBucket(client.ip)} ${rejection.reason}`;
  if (deps.reportedRejections.has(report)) return;
  deps.reportedRejections.set(report, true);
  await deps.audit.record({
    at: deps.clock.now(),
    type: rejection.reason === "algorithm" ? "access_token.algorithm_confused" : "access_token.forged",
    actorId: null,
    userId: null,
    sessionId: null,
    client,
    details: { reason: rejection.reason },
  });
}
