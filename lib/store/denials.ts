import { DENYLIST_POLL_OVERLAP_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import type { DenialKind, DenialStore } from "@/lib/revocation/denial";
import type { Database } from "./client";

/** A row of `readSince`; without news there is one row that only says where the next read starts. */
interface FedRow {
  oldestRunning: string;
  readAt: Date;
  kind: DenialKind | null;
  value: string;
  expiresAt: Date;
  ageSeconds: number;
}

const BEGINNING = { oldestRunning: "0", readAt: new Date(0) };

export function createDenialStore(db: Database): DenialStore {
  return {
    deny: async ({ kind, value, expiresAt }) => {
      await db.$executeRaw`
        INSERT INTO denials (kind, value, expires_at) VALUES (${kind}::denial_kind, ${value}, ${expiresAt})
        ON CONFLICT (kind, value) DO UPDATE
        SET expires_at = GREATEST(denials.expires_at, EXCLUDED.expires_at),
            recorded_at = clock_timestamp(), recorded_by = pg_current_xact_id()`;
    },

    covers: async ({ jti, sid, kid }, now) => {
      const rows = await db.$queryRaw<unknown[]>`
        SELECT 1 FROM denials
        WHERE (kind, value) IN (('jti', ${jti}), ('sid', ${sid}), ('kid', ${kid})) AND expires_at > ${now} LIMIT 1`;
      return rows.length > 0;
    },

    // What this snapshot cannot see was written by transactions that still run, so the next read starts with the
    // oldest of them; none of ours runs longer than the overlap, whatever else runs on the server.
    readSince: async (cursor, now) => {
      const { oldestRunning, readAt } = cursor === null ? BEGINNING : parseCursor(cursor);
      const recordedFrom = addSeconds(readAt, -DENYLIST_POLL_OVERLAP_SECONDS);
      const rows = await db.$queryRaw<[FedRow, ...FedRow[]]>`
        SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS "oldestRunning", here.now AS "readAt",
          d.kind::text, d.value, d.expires_at AS "expiresAt",
          EXTRACT(EPOCH FROM here.now - d.recorded_at)::float8 AS "ageSeconds"
        FROM (SELECT clock_timestamp() AS now) here
        LEFT JOIN denials d ON d.recorded_by >= ${oldestRunning}::text::xid8
          AND d.recorded_at >= ${recordedFrom} AND d.expires_at > ${now}`;
      const denials = rows.flatMap(({ kind, value, expiresAt, ageSeconds }) =>
        kind === null ? [] : [{ kind, value, expiresAt, ageSeconds }],
      );
      return { denials, cursor: `${rows[0].oldestRunning} ${rows[0].readAt.toISOString()}` };
    },
  };
}

function parseCursor(cursor: string): { oldestRunning: string; readAt: Date } {
  const [oldestRunning = "", readAt = ""] = cursor.split(" ");
  return { oldestRunning, readAt: new Date(readAt) };
}
