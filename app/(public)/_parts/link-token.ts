import type { SearchParams } from "@/app/_http/search-params";

/** The token of the link that led here, or null. */
export async function readLinkToken(searchParams: SearchParams): Promise<string | null> {
  const { token } = await searchParams;
  return typeof token === "string" ? token : null;
}
