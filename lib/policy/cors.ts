const MAX_AGE_SECONDS = 600;
const ALLOWED_HEADERS = "Authorization, Content-Type, DPoP";
const EXPOSED_HEADERS = "DPoP-Nonce, WWW-Authenticate";

/**
 * For an answer that scripts of registered origins may read (Fetch, "CORS protocol"), errors included. Never with
 * credentials: no cookie of ours counts there. A cache keeps the answers to each origin apart.
 */
export function corsHeaders(origin: string | null, isRegistered: boolean): Record<string, string> {
  if (origin === null || !isRegistered) return { Vary: "Origin" };
  return {
    Vary: "Origin",
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Expose-Headers": EXPOSED_HEADERS,
  };
}

/** For the answer to the question of a browser whether it may send the request; other origins learn nothing. */
export function preflightHeaders(
  origin: string | null,
  isRegistered: boolean,
  { methods }: { methods: readonly string[] },
): Record<string, string> {
  if (origin === null || !isRegistered) return { Vary: "Origin" };
  return {
    Vary: "Origin",
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Allow-Methods": methods.join(", "),
    "Access-Control-Allow-Headers": ALLOWED_HEADERS,
    "Access-Control-Max-Age": String(MAX_AGE_SECONDS),
  };
}
