import { DENYLIST_POLL_OVERLAP_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import type { DenialStore } from "@/lib/revocation/denial";
import type { Database } from "./client";

export function createDenialStore(db: Database): DenialStore {
  return {
    deny: async ({ kind, value, expiresAt }) => {
      await db.$executeRaw`
        INSERT INTO denials (kind, value, expires_at) VALUES (${kind}::denial_kind, ${value}, ${expiresAt})
        ON CONFLICT (kind, value)
        DO UPDATE SET expires_at = GREATEST(denials.expires_at, EXCLUDED.expires_at), recorded_at = clock_timestamp()`;
    },

    covers: async ({ jti, sid }, now) => {
      const found = await db.denial.findFirst({
        where: {
          OR: [
            { kind: "jti", value: jti },
            { kind: "sid", value: sid },
          ],
          expiresAt: { gt: now },
        },
        select: { kind: true },
      });
      return found !== null;
    },

    // A transaction stamps its denial before it commits, so the next read starts further back than any can take.
    readSince: async (cursor, now) => {
      const [clock] = await db.$queryRaw<[{ now: Date }]>`SELECT clock_timestamp() AS now`;
      const denials = await db.denial.findMany({
        where: { expiresAt: { gt: now }, ...(cursor === null ? {} : { recordedAt: { gte: cursor } }) },
        select: { kind: true, value: true, expiresAt: true },
      });
      return { denials, cursor: addSeconds(clock.now, -DENYLIST_POLL_OVERLAP_SECONDS) };
    },

    deleteExpired: async (now) => {
      const { count } = await db.denial.deleteMany({ where: { expiresAt: { lte: now } } });
      return count;
    },
  };
}
