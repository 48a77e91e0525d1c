import type { LogoutDelivery, LogoutDeliveryStore } from "@/lib/oauth/stores";
import type { Database } from "./client";

export function createLogoutDeliveryStore(db: Database): LogoutDeliveryStore {
  return {
    // As an array, which is made once: a plan that asked again for the due ones would take more than its share.
    take: (limit, now, heldUntil, exceptClientIds = []) =>
      db.$queryRaw<LogoutDelivery[]>`
        UPDATE logout_deliveries SET next_attempt_at = ${heldUntil}
        WHERE id = ANY(ARRAY(
          SELECT id FROM logout_deliveries WHERE next_attempt_at <= ${now} AND client_id <> ALL(${[...exceptClientIds]}::text[])
          ORDER BY next_attempt_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
        ))
        RETURNING id, client_id AS "clientId", user_id AS "userId", session_id AS "sessionId",
          created_at AS "createdAt", attempts, next_attempt_at AS "nextAttemptAt", last_problem AS "lastProblem"`,

    remove: async (id) => {
      await db.logoutDelivery.deleteMany({ where: { id } });
    },

    postpone: async (id, nextAttemptAt, problem) => {
      await db.logoutDelivery.updateMany({
        where: { id },
        data: { nextAttemptAt, lastProblem: problem, attempts: { increment: 1 } },
      });
    },

    listOfClient: (clientId, limit) =>
      db.logoutDelivery.findMany({ where: { clientId }, orderBy: { id: "asc" }, take: limit }),
  };
}
