import { z } from "zod";
import { decodeBase64url, encodeBase64url } from "@/lib/crypto/base64url";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import type { Listing, Page } from "@/lib/sessions/session-store";

/** Lists run from the newest to the oldest; a cursor is the place of the last item seen. */
interface Place {
  createdAt: Date;
  id: string;
}

/** What the ids of a list look like: a text of another shape never reaches the database. */
export type IdSchema = z.ZodType<string>;
export const USER_ID: IdSchema = z.uuid();
export const SESSION_ID: IdSchema = z.string().regex(/^[A-Za-z0-9_-]{22}$/);

const encodeCursor = ({ createdAt, id }: Place): string =>
  encodeBase64url(Buffer.from(JSON.stringify([createdAt.toISOString(), id])));

function decodeCursor(cursor: string, idSchema: IdSchema): Place {
  try {
    const [createdAt, id] = z
      .tuple([z.iso.datetime(), idSchema])
      .parse(JSON.parse(decodeBase64url(cursor)?.toString() ?? ""));
    return { createdAt: new Date(createdAt), id };
  } catch {
    throw new LatchkeyError("invalid_request", { fields: { cursor: "This is not a cursor from a list." } });
  }
}

/** The condition for everything after the cursor, and the order it stands on. Throws `invalid_request`. */
export function pageQuery({ limit, cursor }: Page, idSchema: IdSchema) {
  const order = { orderBy: [{ createdAt: "desc" as const }, { id: "desc" as const }], take: limit + 1 };
  if (cursor === null) return { after: {}, order };
  const { createdAt, id } = decodeCursor(cursor, idSchema);
  return { after: { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] }, order };
}

/** Cuts the one row read beyond the page, which says whether there is a next one. */
export function toListing<Item extends Place>(rows: Item[], { limit }: Page): Listing<Item> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(last) : null };
}
