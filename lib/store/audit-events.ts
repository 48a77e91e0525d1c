import type { AuditLog } from "@/lib/audit/events";
import type { Database } from "./client";

export function createAuditLog(db: Database): AuditLog {
  return {
    record: async ({ client, ...event }) => {
      await db.auditEvent.create({
        data: { ...event, ip: client?.ip ?? null, userAgent: client?.userAgent ?? null },
      });
    },
  };
}
