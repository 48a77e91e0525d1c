import { z } from "zod";
import { reasonSchema } from "@/app/_http/reason";
import { addressOf } from "@/app/_http/search-params";

export const PATH = "/admin/keys";

/** What was typed before a detour to a fresh sign-in; anything else in the address is let be. */
export const keysQuery = z.object({
  /** The key that was to be revoked; null: the rotation. */
  kid: z.string().nullable().catch(null),
  /** The line that was to be rotated; null: that of our own pages. */
  algorithm: z.string().nullable().catch(null),
  reason: reasonSchema.nullable().catch(null),
});

export type KeysQuery = z.infer<typeof keysQuery>;

/** The address at which the page holds what was typed. */
export const addressWith = ({ kid = "", algorithm = "", reason = "" }: Record<string, string>): string =>
  addressOf(PATH, { kid: kid || null, algorithm: algorithm || null, reason: reason || null });
