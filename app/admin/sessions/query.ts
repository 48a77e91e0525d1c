import { z } from "zod";
import { pageParams, searchText } from "@/app/_http/page-params";
import { addressOf } from "@/app/_http/search-params";

export const PATH = "/admin/sessions";

/** The members of the page's address. What can be ended comes first, so `live` is what one sees. */
export const sessionsQuery = z.object({
  ...pageParams,
  q: searchText,
  userId: z.uuid().nullable().default(null),
  state: z.enum(["live", "ended", "expired", "all"]).default("live"),
});

export type SessionsQuery = z.infer<typeof sessionsQuery>;

/** The address of the same search from this place on; null for its beginning. */
export function addressFrom({ q, userId, state }: SessionsQuery, cursor: string | null): string {
  return addressOf(PATH, { q, userId, state: state === "live" ? null : state, cursor });
}

/** Where all sessions of a person are listed. */
export const sessionsOf = (userId: string): string => addressOf(PATH, { userId, state: "all" });
