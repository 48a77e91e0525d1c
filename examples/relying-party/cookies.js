/**
 * Not readable by scripts, and not set by any other host. Lax: they come along when Latchkey sends the browser back,
 * which is another site.
 */
const ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax";

/** Without `maxAgeSeconds` until the browser is closed. */
export function setCookie(response, name, value, maxAgeSeconds = null) {
  const age = maxAgeSeconds === null ? "" : `; Max-Age=${maxAgeSeconds}`;
  response.append("Set-Cookie", `${name}=${value}; ${ATTRIBUTES}${age}`);
}

export const clearCookie = (response, name) => setCookie(response, name, "", 0);

/** Undefined when there is none. */
export function readCookie(request, name) {
  const pairs = (request.get("Cookie") ?? "").split("; ");
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}
