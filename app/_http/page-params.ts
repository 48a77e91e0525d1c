import { z } from "zod";
import type { Page } from "@/lib/sessions/session-store";
import { parseQuery } from "./parse-input";

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;
/** Enough for the longest identifier of an audience, encoded. */
const MAX_CURSOR_CHARACTERS = 300;

/** The members of a list's query (API.md). */
export const pageParams = {
  limit: z.coerce.number("A number from 1 to 200.").int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
  cursor: z.string().max(MAX_CURSOR_CHARACTERS).nullable().default(null),
};

export const searchText = z
  .string()
  .trim()
  .max(200)
  // Postgres takes no NUL in a text, and nobody searches for control characters.
  .transform((text) => text.replace(/\p{Cc}/gu, "") || null)
  .nullable()
  .default(null);

const pageSchema = z.strictObject(pageParams);

export const readPage = (search: URLSearchParams): Page => parseQuery(pageSchema, search);
