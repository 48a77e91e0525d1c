import { notFound } from "next/navigation";
import type { z } from "zod";
import { hasCode } from "@/lib/errors/latchkey-error";

export type SearchParams = Promise<Record<string, string | string[] | undefined>>;

/** A page's query as the schema has it. An address that no link of ours leads to is not found. */
export async function readSearch<Schema extends z.ZodType>(
  searchParams: SearchParams,
  schema: Schema,
): Promise<z.output<Schema>> {
  const parsed = schema.safeParse(await searchParams);
  return parsed.success ? parsed.data : notFound();
}

/** The query of a page as it came; a member that is there twice stays so. */
export async function queryOf(searchParams: SearchParams): Promise<URLSearchParams> {
  const pairs = Object.entries(await searchParams).flatMap(([name, values = []]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  );
  return new URLSearchParams(pairs);
}

/** What a list holds; likewise for a cursor that no list has given. */
export async function orNotFound<Result>(reading: Promise<Result>): Promise<Result> {
  try {
    return await reading;
  } catch (error) {
    if (hasCode(error, "invalid_request")) notFound();
    throw error;
  }
}

/** The address of a page with these members in its query; those that are null are left out. */
export function addressOf(path: string, query: Record<string, string | null>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== null);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}
