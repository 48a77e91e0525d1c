const SAFE_METHODS = new Set(["GET", "HEAD"]);

/**
 * Only this scheme: a page elsewhere cannot set it without a preflight, which we never answer, while a
 * browser may attach Basic or Negotiate by itself.
 */
const BEARER = /^bearer /i;

/**
 * Whether an unsafe request comes from our own pages, or from a program that brings no cookies (CSRF, login
 * CSRF). `Origin: null` and a sibling subdomain are foreign; Strict cookies do travel from a sibling.
 *
 * | Sec-Fetch-Site | Origin  | answer |
 * |---|---|---|
 * | same-origin    | absent or ours | yes |
 * | anything else  | any     | no |
 * | absent         | ours    | yes |
 * | absent         | other   | no |
 * | absent         | absent  | not a browser: yes without cookies |
 */
export function isSameOrigin(method: string, headers: Headers, origin: string): boolean {
  if (SAFE_METHODS.has(method)) return true;
  const hasCookies = headers.has("cookie");
  if (!hasCookies && BEARER.test(headers.get("authorization") ?? "")) return true;

  const site = headers.get("sec-fetch-site");
  const sender = headers.get("origin");
  if (site !== null && site !== "same-origin") return false;
  if (sender !== null) return sender === origin;
  return site !== null || !hasCookies;
}
