/** What a JSON text can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/**
 * The canonical form of RFC 8785: no white space, members sorted by the UTF-16 code units of their names, strings and
 * numbers as ECMAScript writes them. Equal values give equal texts, also after a way through the database, which sorts
 * members its own way and keeps numbers as decimals.
 */
export function canonicalJson(value: Json): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  // Sorted without a comparison function: by code units.
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name] ?? null)}`).join(",")}}`;
}

const isList = (value: object): value is readonly Json[] => Array.isArray(value);
