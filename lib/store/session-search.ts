import type { SessionState } from "@/lib/sessions/session";
import type { Page, SessionFilter, SessionsOf } from "@/lib/sessions/session-store";
import type { Database } from "./client";
import { afterCursor, NEWEST_FIRST, type Place, rowsToRead, SESSION_ID } from "./cursor";
import { Prisma } from "./generated/client";
import { beginsAddress, findNewest, namesPerson, type TextSearch } from "./text-search";

/** Which sessions are looked for; the browsers' alone, where no grant is. */
export type FoundSessions = SessionFilter & Pick<SessionsOf, "exceptId"> & { isBrowser?: true };

/** The places of the sessions that the filter lets through, newest first, and one more than the page holds. */
export function findSessions(
  db: Database,
  { query, userId, state, clientId, isBrowser, exceptId = null }: FoundSessions,
  page: Page,
  now: Date,
): Promise<Place[]> {
  const ofUser = userId === null ? Prisma.sql`TRUE` : Prisma.sql`user_id = ${userId}::uuid`;
  const ofClient = clientId === null ? Prisma.sql`TRUE` : Prisma.sql`client_id = ${clientId}`;
  const ofBrowser = isBrowser ? Prisma.sql`client_id IS NULL` : Prisma.sql`TRUE`;
  const isAnother = exceptId === null ? Prisma.sql`TRUE` : isOutside(exceptId);
  const mayCount = Prisma.sql`${ofUser} AND ${ofClient} AND ${ofBrowser} AND ${isAnother} AND ${isInIndexOf(state)} AND ${afterCursor(page, SESSION_ID)}`;
  // No session may be idle for longer than it may live (`sessions_idle_within_absolute`).
  const isInTime = state === "live" ? Prisma.sql`idle_expires_at > ${now}` : Prisma.sql`TRUE`;
  const rows = Prisma.sql`sessions WHERE ${mayCount} AND ${isInTime}`;
  if (query !== null) return findNewest(db, { rows, ...searchFor(query, mayCount) }, page);
  return db.$queryRaw<Place[]>`
    SELECT id, created_at AS "createdAt" FROM ${rows} ${NEWEST_FIRST} LIMIT ${rowsToRead(page)}`;
}

/** Neither the session nor a grant that ends with it. */
const isOutside = (id: string): Prisma.Sql =>
  Prisma.sql`id <> ${id} AND (parent_id IS DISTINCT FROM ${id} OR is_offline)`;

/** In the words of the indexes `sessions_live`, `sessions_ended` and `sessions_expired`. */
function isInIndexOf(state: SessionState | null): Prisma.Sql {
  if (state === null) return Prisma.sql`TRUE`;
  if (state === "live") return Prisma.sql`end_reason IS NULL`;
  return state === "ended" ? Prisma.sql`end_reason <> 'expired'` : Prisma.sql`end_reason = 'expired'`;
}

function searchFor(query: string, mayCount: Prisma.Sql): Omit<TextSearch, "rows"> {
  const [isNamed, isFrom] = [namesPerson(query), beginsAddress(query)];
  return {
    isMatch: Prisma.sql`(${isFrom} OR (SELECT ${isNamed} FROM users WHERE users.id = newest.user_id))`,
    // OFFSET 0: one look into the index for each person, however many of them the planner expects.
    matches: Prisma.sql`
      SELECT theirs.id, theirs.created_at FROM (SELECT id FROM users WHERE ${isNamed}) AS person
      CROSS JOIN LATERAL (
        SELECT id, created_at FROM sessions WHERE user_id = person.id AND ${mayCount} OFFSET 0
      ) AS theirs
      UNION ALL SELECT id, created_at FROM sessions WHERE ${isFrom} AND ${mayCount}`,
  };
}
