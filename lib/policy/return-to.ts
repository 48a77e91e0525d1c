import { isCanonicalTarget } from "./request-target";
import { routeFor } from "./routes";

const HOME = "/";
/** Room for the requests of clients, which come back by it. */
const MAX_RETURN_TO_CHARACTERS = 6144;

/** Pages that are over once someone has signed in, with all that may come to lie below them. */
const SIGN_IN_PAGES = new Set(["login", "signup", "setup", "reset-password"]);

/**
 * Where to go after signing in: the given same-origin path with its query, or `/`.
 * Only text that is already canonical passes; nothing is repaired, so no parser can read another origin
 * into it (open redirect).
 */
export function safeReturnTo(value: unknown): string {
  if (typeof value !== "string" || value.length > MAX_RETURN_TO_CHARACTERS) return HOME;
  if (!isCanonicalTarget(value)) return HOME;
  const [pathname = HOME] = value.split("?", 1);
  const [, firstSegment = ""] = pathname.split("/", 2);
  if (SIGN_IN_PAGES.has(firstSegment)) return HOME;
  return routeFor(pathname).kind === "page" ? value : HOME;
}
