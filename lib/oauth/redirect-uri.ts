import { isLoopbackHost } from "@/lib/config/redis-connection";

const MAX_URI_CHARACTERS = 1_000;
const MAX_PORT = 65_535;

/** RFC 3986 section 2, beside the fragment. What else is printable, parsers escape or not, each as it likes. */
const URI_CHARACTERS = /^[\w.~%:/?[\]@!$&'()+,;=-]+$/;
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:]+\])$/;
/** RFC 8252 section 7.1: a domain name in reverse order, so that nobody else has it, and a path. */
const PRIVATE_USE = /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+:\//;
/** Escapes that are none, of control characters, and of characters that need none (RFC 3986 section 6.2.2.2). */
const UNUSUAL_ESCAPE =
  /%(?![0-9a-f]{2})|%(?:[01][0-9a-f]|7f|2[de]|3[0-9]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/i;
/** A literal loopback address, whose port the system hands out as the program starts (RFC 8252 section 7.3). */
const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::([1-9]\d{0,4}))?((?:[/?].*)?)$/;

/** What a response says. */
const RESPONSE_PARAMETERS = ["code", "state", "iss", "error", "error_description", "error_uri"];

/**
 * What keeps an address from being registered as a redirect URI, also for after signing out: a sentence for an
 * administrator, or null. Addresses are compared as text, so one with another spelling is refused here, where somebody
 * reads the reason: what stands in the list is what a browser makes of it. Only the slash behind a bare host may be left
 * out, as programs do, and then is left out each time.
 */
export function redirectUriProblem(text: string): string | null {
  if (text.length > MAX_URI_CHARACTERS) return `Use at most ${MAX_URI_CHARACTERS} characters.`;
  if (text.includes("*")) return "Write the whole address: there are no wildcards.";
  if (text.includes("#")) return "Leave out the # and what follows it.";
  if (!URI_CHARACTERS.test(text)) return "Use letters of ASCII, digits and the marks of an address alone.";
  if (!URL.canParse(text)) return "This is not an address.";
  const url = new URL(text);
  return schemeProblem(url) ?? spellingProblem(url, text) ?? queryProblem(url);
}

function schemeProblem({ protocol, hostname, username, password, href }: URL): string | null {
  if (username !== "" || password !== "") return "Leave out the user name and the password.";
  if (protocol === "https:") return null;
  if (protocol === "http:") {
    return isLoopbackHost(hostname)
      ? null
      : "Use https. Plain http is for a program on the same device: 127.0.0.1, [::1] or localhost.";
  }
  return PRIVATE_USE.test(href)
    ? null
    : "Use https, or the scheme of a program: a domain name of yours in reverse order, as com.example.app:/callback.";
}

/** An origin is a bare host; that of a private-use scheme is the text "null". */
function spellingProblem({ hostname, href, origin }: URL, text: string): string | null {
  if (origin !== "null" && !HOST.test(hostname)) return "This is not an address.";
  if (text !== href && text !== origin) return `Write it as browsers do: ${href}`;
  return UNUSUAL_ESCAPE.test(text) ? "Escape only the characters that need it." : null;
}

function queryProblem({ searchParams }: URL): string | null {
  const taken = RESPONSE_PARAMETERS.find((name) => searchParams.has(name));
  return taken === undefined ? null : `Leave ${taken} out of the query: the response says it.`;
}

/**
 * Whether a client has registered this redirect URI: the very same text (RFC 9700 section 4.1.3). With a literal loopback
 * address the port alone may be another one (RFC 8252 section 7.3); not with `localhost`, which may resolve elsewhere.
 */
export function isRegisteredRedirectUri(registered: readonly string[], presented: string): boolean {
  if (registered.includes(presented)) return true;
  const portless = withoutPort(presented);
  return portless !== null && registered.some((uri) => withoutPort(uri) === portless);
}

/** Null for any other than one with a literal loopback address. */
function withoutPort(uri: string): string | null {
  const [, before, port = "1", after] = LOOPBACK.exec(uri) ?? [];
  return before !== undefined && Number(port) <= MAX_PORT ? `${before}${after}` : null;
}

/**
 * Whether any program on the device could claim what is sent to a registered redirect URI, which is every one but https
 * (RFC 8252 sections 8.4 and 8.6). A client there is never let in without being seen.
 */
export const isClaimable = (uri: string): boolean => !uri.startsWith("https:");

/** The redirect URI as it is, its own query included, with the parameters of a response (RFC 6749 section 4.1.2). */
export function withParameters(uri: string, parameters: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(parameters).toString();
  if (query === "") return uri;
  if (!uri.includes("?")) return `${uri}?${query}`;
  return /[?&]$/.test(uri) ? uri + query : `${uri}&${query}`;
}

/** What keeps the origin of pages elsewhere from being registered: a sentence for an administrator, or null. */
export function originProblem(text: string): string | null {
  const sentence =
    "Give the scheme, the host and perhaps the port, as https://app.example.com, and nothing else.";
  if (text.length > MAX_URI_CHARACTERS || !URL.canParse(text)) return sentence;
  const { protocol, hostname, origin } = new URL(text);
  if (text !== origin || !HOST.test(hostname)) return sentence;
  const isTrusted = protocol === "https:" || (protocol === "http:" && isLoopbackHost(hostname));
  return isTrusted ? null : "Use https. Plain http is for 127.0.0.1, [::1] and localhost.";
}
