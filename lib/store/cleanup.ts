import { setTimeout as pause } from "node:timers/promises";
import { minutesToSeconds, SESSION_RETENTION_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import { BATCH_ROWS, deletion, inBatch } from "./batch";
import type { Database } from "./client";
import { Prisma } from "./generated/client";
import type { Atomically } from "./users";

/** Any constant: of many processes the one that holds it cleans up. */
const CLEANUP_LOCK = 7_234_002;

/** How many grants one statement looks at: of most of them the browser is there. */
const LOOKED_AT_ROWS = 10_000;

/** Between two batches, for those who serve. */
const PAUSE_MS = 10;

/** A code that comes a second time is known for so long after it expired. */
const CODE_RETENTION_SECONDS = minutesToSeconds(60);

/** How many rows each step ended or deleted. */
export type CleanupCounts = Record<CleanupStep, number>;
export type CleanupStep = keyof typeof STEPS | "onlineGrants";

/**
 * What a batch does, in the order of the steps. A row that somebody else holds is left for the next time, and one
 * that was changed meanwhile is looked at again as it is now: a session that is refreshed in time goes on.
 */
const STEPS = {
  expiredSessions: (now: Date) => Prisma.sql`
    UPDATE sessions SET ended_at = idle_expires_at, end_reason = 'expired'
    WHERE ${inBatch(Prisma.sql`sessions`, hasExpired(now))}`,
  endedSessions: (now: Date) =>
    deletion(Prisma.sql`sessions`, Prisma.sql`ended_at <= ${addSeconds(now, -SESSION_RETENTION_SECONDS)}`),
  denials: (now: Date) => deletion(Prisma.sql`denials`, Prisma.sql`expires_at <= ${now}`),
  oneTimeLinks: (now: Date) => deletion(Prisma.sql`one_time_links`, Prisma.sql`expires_at <= ${now}`),
  rateLimits: (now: Date) => deletion(Prisma.sql`rate_limits`, Prisma.sql`expire <= ${now}`),
  authorizationCodes: (now: Date) =>
    deletion(
      Prisma.sql`authorization_codes`,
      Prisma.sql`expires_at <= ${addSeconds(now, -CODE_RETENTION_SECONDS)}`,
    ),
  pushedRequests: (now: Date) => deletion(Prisma.sql`pushed_requests`, Prisma.sql`expires_at <= ${now}`),
  deviceAuthorizations: (now: Date) =>
    deletion(
      Prisma.sql`device_authorizations`,
      Prisma.sql`expires_at <= ${addSeconds(now, -CODE_RETENTION_SECONDS)}`,
    ),
  usedProofs: (now: Date) => deletion(Prisma.sql`used_proofs`, Prisma.sql`expires_at <= ${now}`),
};

/** By the day first, which has an index. The idle limit is never later than the absolute one. */
const hasExpired = (now: Date): Prisma.Sql => Prisma.sql`
  ended_at IS NULL AND idle_expires_on <= (${now}::timestamptz AT TIME ZONE 'UTC')::date AND idle_expires_at <= ${now}`;

/**
 * Ends the sessions that have expired and the grants that go with them, and deletes those that ended long ago and
 * whatever else is over. In small batches, each a transaction of its own. Whoever finds another process at it leaves it
 * the rest.
 */
export async function cleanUp(atomically: Atomically, now: Date): Promise<CleanupCounts> {
  const counts: CleanupCounts = {
    expiredSessions: 0,
    endedSessions: 0,
    denials: 0,
    oneTimeLinks: 0,
    rateLimits: 0,
    authorizationCodes: 0,
    pushedRequests: 0,
    deviceAuthorizations: 0,
    usedProofs: 0,
    onlineGrants: 0,
  };
  for (const [step, statement] of Object.entries(STEPS)) {
    let rows: number | null;
    do {
      rows = await atomically((tx) => runBatch(tx, statement(now)));
      if (rows === null) return counts;
      counts[step as CleanupStep] += rows;
      await pause(PAUSE_MS);
    } while (rows === BATCH_ROWS);
  }
  counts.onlineGrants = await endOnlineGrants(atomically, now);
  return counts;
}

/** The rows it changed, or null when another process is at it. */
const runBatch = async (tx: Database, statement: Prisma.Sql): Promise<number | null> =>
  (await isOurs(tx)) ? tx.$executeRaw(statement) : null;

async function isOurs(tx: Database): Promise<boolean> {
  const [lock] = await tx.$queryRaw<[{ isOurs: boolean }]>`
    SELECT pg_try_advisory_xact_lock(${CLEANUP_LOCK}::bigint) AS "isOurs"`;
  return lock.isOurs;
}

/**
 * Ends the grants that go with a browser session which has ended or is gone. No index can name them: all that live are
 * gone through in the order of their ids, so many at a time. Returns how many.
 */
async function endOnlineGrants(atomically: Atomically, now: Date): Promise<number> {
  let ended = 0;
  let after: string | null = "";
  while (after !== null) {
    const from: string = after;
    const batch = await atomically(async (tx) => ((await isOurs(tx)) ? endGrantsAfter(tx, from, now) : null));
    ended += batch?.ended ?? 0;
    after = batch?.last ?? null;
    await pause(PAUSE_MS);
  }
  return ended;
}

/**
 * Of the next grants, in the words of the index `sessions_online_grants`. `last` is the last one that was settled, or null
 * when there are no more.
 */
async function endGrantsAfter(tx: Database, id: string, now: Date) {
  const [batch] = await tx.$queryRaw<[{ last: string | null; ended: number }]>`
    WITH looked_at AS MATERIALIZED (
      SELECT id, parent_id FROM sessions
      WHERE client_id IS NOT NULL AND ended_at IS NULL AND NOT is_offline AND id > ${id}
      ORDER BY id LIMIT ${LOOKED_AT_ROWS}
    ), lost AS MATERIALIZED (
      SELECT id FROM looked_at WHERE ${hasLostItsBrowser("looked_at")} ORDER BY id LIMIT ${BATCH_ROWS}
    ), ended AS (
      UPDATE sessions SET ended_at = ${now}, end_reason = 'expired'
      WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM sessions
        WHERE id = ANY(ARRAY(SELECT id FROM lost)) AND ended_at IS NULL AND ${hasLostItsBrowser("sessions")}
        FOR UPDATE SKIP LOCKED
      ))
      RETURNING id
    )
    SELECT (SELECT count(*) FROM ended)::int AS ended,
      CASE WHEN (SELECT count(*) FROM lost) = ${BATCH_ROWS} THEN (SELECT max(id) FROM lost)
           ELSE (SELECT max(id) FROM looked_at) END AS last`;
  return batch;
}

/** Each looks for its browser session by itself, however many of them the planner expects. */
const hasLostItsBrowser = (grant: "looked_at" | "sessions"): Prisma.Sql => Prisma.sql`(
  SELECT browser.ended_at IS NULL FROM sessions AS browser WHERE browser.id = ${Prisma.raw(grant)}.parent_id
) IS NOT TRUE`;
