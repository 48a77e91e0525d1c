import type { Client } from "@/lib/audit/events";
import { addressBucket } from "@/lib/policy/client-address";
import type { Authentication } from "./authenticate";
import type { SessionDependencies } from "./dependencies";

/** Records a token that no honest client holds, with the reason that its sender does not learn. */
export async function reportRejection(
  deps: Pick<SessionDependencies, "audit" | "clock" | "reportedRejections">,
  rejection: Extract<Authentication, { ok: false }>,
  client: Client,
): Promise<void> {
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
