import type { Page } from "@/lib/sessions/session-store";
import type { Database } from "./client";
import { NEWEST_FIRST, type Place, rowsToRead } from "./cursor";
import { Prisma } from "./generated/client";

/** So many of the newest rows are looked at for each that is to be found. */
const ROWS_PER_RESULT = 40;

const literally = (text: string): string => text.replace(/[\\%_]/g, "\\$&");

/** The condition for a person's e-mail address or name to contain this, in any case. */
export const namesPerson = (text: string): Prisma.Sql =>
  Prisma.sql`search_text LIKE lower(${`%${literally(text)}%`})`;

/** The condition for a session's address to begin like this. */
export const beginsAddress = (text: string): Prisma.Sql =>
  Prisma.sql`ip LIKE lower(${`${literally(text)}%`})`;

/** A search of one table, in two forms. */
export interface TextSearch {
  /** The table and the rows of it that count: what follows FROM. */
  rows: Prisma.Sql;
  /** Whether one of them, called `newest`, matches. */
  isMatch: Prisma.Sql;
  /** Every row that matches and may count, once or more, as indexes alone find it: a SELECT of `id`, `created_at`. */
  matches: Prisma.Sql;
}

/**
 * The places of the first rows that count and match, newest first, and one more than the page holds.
 * A common text soon fills the page from the newest rows. One that does not is rare enough for its index to lead to all
 * matches at once. Either way alone would read the whole table for the other's kind of text.
 */
export async function findNewest(db: Database, search: TextSearch, page: Page): Promise<Place[]> {
  const wanted = rowsToRead(page);
  const looked = wanted * ROWS_PER_RESULT;
  const places = await db.$queryRaw<Place[]>`
    SELECT id, created_at AS "createdAt"
    FROM (SELECT * FROM ${search.rows} ${NEWEST_FIRST} LIMIT ${looked}) AS newest
    WHERE ${search.isMatch} ${NEWEST_FIRST} LIMIT ${wanted}`;
  if (places.length === wanted || !(await isLonger(db, search.rows, looked))) return places;
  // Put in order first and looked at one by one, so that no more are read than the page holds.
  return db.$queryRaw<Place[]>`
    WITH matches AS MATERIALIZED (${search.matches})
    SELECT DISTINCT id, created_at AS "createdAt" FROM (SELECT id, created_at FROM matches ${NEWEST_FIRST}) AS match
    WHERE (SELECT TRUE FROM ${search.rows} AND id = match.id) ${NEWEST_FIRST} LIMIT ${wanted}`;
}

async function isLonger(db: Database, rows: Prisma.Sql, length: number): Promise<boolean> {
  const beyond = Prisma.sql`SELECT 1 FROM ${rows} ${NEWEST_FIRST} OFFSET ${length} LIMIT 1`;
  return (await db.$queryRaw<unknown[]>(beyond)).length > 0;
}
