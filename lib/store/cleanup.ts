import { setTimeout as pause } from "node:timers/promises";
import { SESSION_RETENTION_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import type { Database } from "./client";
import { Prisma } from "./generated/client";
import type { Atomically } from "./users";

/** Any constant: of many processes the one that holds it cleans up. */
const CLEANUP_LOCK = 7_234_002;

/** Small enough that nobody notices who waits for one of the rows. */
const BATCH_ROWS = 1_000;

/** Between two batches, for those who serve. */
const PAUSE_MS = 10;

/** How many rows each step ended or deleted. */
export type CleanupCounts = Record<CleanupStep, number>;
export type CleanupStep = keyof typeof STEPS;

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
};

/** By the day first, which has an index. The idle limit is never later than the absolute one. */
const hasExpired = (now: Date): Prisma.Sql => Prisma.sql`
  ended_at IS NULL AND idle_expires_on <= (${now}::timestamptz AT TIME ZONE 'UTC')::date AND idle_expires_at <= ${now}`;

const deletion = (table: Prisma.Sql, condition: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`DELETE FROM ${table} WHERE ${inBatch(table, condition)}`;

const inBatch = (table: Prisma.Sql, condition: Prisma.Sql): Prisma.Sql => Prisma.sql`
  ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE ${condition} LIMIT ${BATCH_ROWS} FOR UPDATE SKIP LOCKED))`;

/**
 * Ends the sessions that have expired, and deletes those that ended long ago and whatever else is over. In small
 * batches, each a transaction of its own. Whoever finds another process at it leaves it the rest.
 */
export async function cleanUp(atomically: Atomically, now: Date): Promise<CleanupCounts> {
  const counts: CleanupCounts = {
    expiredSessions: 0,
    endedSessions: 0,
    denials: 0,
    oneTimeLinks: 0,
    rateLimits: 0,
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
  return counts;
}

/** The rows it changed, or null when another process is at it. */
async function runBatch(tx: Database, statement: Prisma.Sql): Promise<number | null> {
  const [lock] = await tx.$queryRaw<[{ isOurs: boolean }]>`
    SELECT pg_try_advisory_xact_lock(${CLEANUP_LOCK}::bigint) AS "isOurs"`;
  return lock.isOurs ? tx.$executeRaw(statement) : null;
}
