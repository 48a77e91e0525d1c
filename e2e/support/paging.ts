import { expect } from "playwright/test";

interface ListPage<Item> {
  items: Item[];
  nextCursor: string | null;
}

/** All of a list of the API, two at a time, in its order. */
export async function throughPages<Item>(ask: (query: string) => Promise<ListPage<Item>>): Promise<Item[]> {
  const seen: Item[] = [];
  let query = "limit=2";
  for (;;) {
    const { items, nextCursor } = await ask(query);
    expect(items.length).toBeLessThanOrEqual(2);
    seen.push(...items);
    if (nextCursor === null) return seen;
    query = `limit=2&cursor=${encodeURIComponent(nextCursor)}`;
  }
}

/** What no list takes. */
export const WRONG_PAGES = [
  "limit=0",
  "limit=201",
  "limit=x",
  "cursor=%00",
  "cursor=AAAA*",
  "q=x",
  "limit=1&limit=2",
];
