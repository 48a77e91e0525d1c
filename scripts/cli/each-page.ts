import type { Listing, Page } from "../../lib/sessions/session-store";

const PAGE_SIZE = 200;

/** Every item of a list, page after page. */
export async function eachPage<Item>(read: (page: Page) => Promise<Listing<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const listing: Listing<Item> = await read({ limit: PAGE_SIZE, cursor });
    items.push(...listing.items);
    cursor = listing.nextCursor;
  } while (cursor !== null);
  return items;
}
