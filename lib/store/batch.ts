import { Prisma } from "./generated/client";

/** Small enough that nobody notices who waits for one of the rows. */
export const BATCH_ROWS = 1_000;

/** More than that: each statement walks past the index entries of what is deleted already. For rows that nobody waits for. */
export const CLEARED_ROWS = 20_000;

/** Some of the rows that the condition is true of, so many at the most. A row that somebody else holds is left out. */
export const inBatch = (
  table: Prisma.Sql,
  condition: Prisma.Sql,
  rows = BATCH_ROWS,
): Prisma.Sql => Prisma.sql`
  ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE ${condition} LIMIT ${rows} FOR UPDATE SKIP LOCKED))`;

export const deletion = (table: Prisma.Sql, condition: Prisma.Sql, rows = BATCH_ROWS): Prisma.Sql =>
  Prisma.sql`DELETE FROM ${table} WHERE ${inBatch(table, condition, rows)}`;
