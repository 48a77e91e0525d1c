import { notFound } from "next/navigation";
import { queryOf, type SearchParams } from "@/app/_http/search-params";
import { type LogoutRequest, readLogoutRequest } from "@/lib/oauth/end-session";
import { isOAuthError } from "@/lib/oauth/oauth-error";
import { readParameters } from "@/lib/oauth/parameters";
import { services } from "@/lib/services";

/** What the address of the page asks for. One to which the end-session endpoint does not lead is not found. */
export async function requireLogoutRequest(searchParams: SearchParams): Promise<LogoutRequest> {
  const query = await queryOf(searchParams);
  try {
    return await readLogoutRequest(services().oauth, readParameters(query));
  } catch (error) {
    if (isOAuthError(error)) notFound();
    throw error;
  }
}
