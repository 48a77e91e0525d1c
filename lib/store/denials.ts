import type {
  DenialCursor,
  DenialKind,
  DenialReading,
  DenialStore,
  FedDenial,
} from "@/lib/revocation/denial";
import { overlapStart } from "@/lib/revocation/denial-cursor";
import type { Database } from "./client";

/** The one row of a read. Instants are milliseconds since the epoch; a transaction id is text. */
interface ReadRow {
  database: string;
  oldestRunning: string;
  readAt: Date;
  denials: [kind: DenialKind, value: string, expiresAtMs: number, recordedAtMs: number, recordedBy: string][];
}

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

    readSince: (cursor, now) => readSince(db, cursor, now),
  };
}

/**
 * What this snapshot cannot see was written by transactions that still run, so the next read starts with the oldest of
 * them; none of ours runs longer than the overlap, whatever else runs on the server.
 *
 * The database is named by the table's file, which is new when the table is emptied or made anew, and by the start of
 * the server, without which none goes back to an older state: both can be read by every role.
 */
async function readSince(db: Database, cursor: DenialCursor | null, now: Date): Promise<DenialReading> {
  const oldestRunning = String(cursor?.oldestRunning ?? 0);
  const recordedFrom = cursor === null ? new Date(0) : overlapStart(cursor);
  const [row] = await db.$queryRaw<[ReadRow]>`
    SELECT
      concat_ws(' ', pg_relation_filenode('denials'), EXTRACT(EPOCH FROM pg_postmaster_start_time())) AS database,
      pg_snapshot_xmin(pg_current_snapshot())::text AS "oldestRunning",
      clock_timestamp() AS "readAt",
      COALESCE((
        SELECT json_agg(json_build_array(
          kind, value, EXTRACT(EPOCH FROM expires_at) * 1000,
          floor(EXTRACT(EPOCH FROM recorded_at) * 1000), recorded_by::text))
        FROM denials
        WHERE recorded_by >= ${oldestRunning}::text::xid8
          AND recorded_at >= ${recordedFrom} AND expires_at > ${now}
      ), '[]') AS denials`;
  const next = {
    database: row.database,
    oldestRunning: BigInt(row.oldestRunning),
    readAt: row.readAt,
  };
  if (cursor !== null && !isBefore(cursor, next)) return readSince(db, null, now);
  return { denials: row.denials.map(toDenial), isComplete: cursor === null, cursor: next };
}

const isBefore = (cursor: DenialCursor, next: DenialCursor): boolean =>
  cursor.database === next.database &&
  cursor.oldestRunning <= next.oldestRunning &&
  cursor.readAt <= next.readAt;

const toDenial = ([
  kind,
  value,
  expiresAtMs,
  recordedAtMs,
  recordedBy,
]: ReadRow["denials"][number]): FedDenial => ({
  kind,
  value,
  expiresAt: new Date(expiresAtMs),
  recordedAt: new Date(recordedAtMs),
  recordedBy: BigInt(recordedBy),
});
