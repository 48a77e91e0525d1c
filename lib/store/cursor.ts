import { z } from "zod";
import { decodeBase64url, encodeBase64url } from "@/lib/crypto/base64url";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import type { Listing, Page } from "@/lib/sessions/session-store";
import { Prisma } from "./generated/client";

/** Where an item stands: lists run from the newest to the oldest, and a cursor is the place of the last item seen. */
export interface Place {
  createdAt: Date;
  id: string;
}

/** The ids of a list. A text of another shape never reaches the database. */
export interface IdType {
  schema: z.ZodType<string>;
  sqlType: Prisma.Sql;
}
export const USER_ID: IdType = { schema: z.uuid(), sqlType: Prisma.sql`uuid` };
export const SESSION_ID: IdType = {
  schema: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
  sqlType: Prisma.sql`text`,
};

export const NEWEST_FIRST = Prisma.sql`ORDER BY created_at DESC, id DESC`;

/** One more than the page holds: it says whether there is a next page. */
export const rowsToRead = ({ limit }: Page): number => limit + 1;

const encodeCursor = ({ createdAt, id }: Place): string =>
  encodeBase64url(Buffer.from(JSON.stringify([createdAt.toISOString(), id])));

export const unknownCursor = (): LatchkeyError =>
  new LatchkeyError("invalid_request", { fields: { cursor: "This is not a cursor from a list." } });

function decodeCursor(cursor: string, idSchema: z.ZodType<string>): Place {
  try {
    const [createdAt, id] = z
      .tuple([z.iso.datetime(), idSchema])
      .parse(JSON.parse(decodeBase64url(cursor)?.toString() ?? ""));
    return { createdAt: new Date(createdAt), id };
  } catch {
    throw unknownCursor();
  }
}

/**
 * The condition for everything after the cursor. As a comparison of rows an index begins at the cursor, however deep
 * it is. Throws `invalid_request`.
 */
export function afterCursor({ cursor }: Page, { schema, sqlType }: IdType): Prisma.Sql {
  if (cursor === null) return Prisma.sql`TRUE`;
  const { createdAt, id } = decodeCursor(cursor, schema);
  return Prisma.sql`(created_at, id) < (${createdAt}::timestamptz, ${id}::${sqlType})`;
}

/** Cuts the one row read beyond the page. */
export function toListing<Item extends Place>(rows: readonly Item[], { limit }: Page): Listing<Item> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(last) : null };
}

/** How Prisma is asked for the rows at these places, in the order of a list. */
export const rowsAt = (places: readonly Place[]) => ({
  where: { id: { in: places.map(({ id }) => id) } },
  orderBy: [{ createdAt: "desc" as const }, { id: "desc" as const }],
});
