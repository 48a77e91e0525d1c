/**
 * Whether a caller has what `etag` names, by its If-None-Match, so that 304 is all it needs (RFC 9110 section 13.1.2).
 * Compared weakly: a proxy that compresses what passes through weakens the tag.
 */
export function isUnchanged(headers: Headers, etag: string): boolean {
  const known = (headers.get("if-none-match") ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return known.includes(etag) || known.includes("*");
}
