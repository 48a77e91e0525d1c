/** Longer than any address of ours; well under Node's 16 KiB for all headers together. */
const MAX_TARGET_CHARACTERS = 8192;

/**
 * RFC 3986 pchar without `;` (some servers cut the path there), and the raw brackets that browsers leave as
 * they are in Turbopack's chunk names.
 */
const PATH = /^\/(?:[A-Za-z0-9\-._~!$&'()*+,=:@/[\]]|%[0-9A-Fa-f]{2})*$/;

/** Printable ASCII without space and `#`. */
const QUERY = /^[!"$-~]*$/;

const DOT_SEGMENT = /\/\.{1,2}(?:\/|$)/;
const ESCAPES = /(?:%[0-9A-Fa-f]{2})+/g;

/**
 * What no escape may stand for: characters that need none (`/%61dmin`), those that some layer may take for
 * a separator once decoded, `%` (decoded twice), and control characters.
 */
const HIDDEN = /[A-Za-z0-9\-._~/\\;?#%\p{Cc}]/u;

/** The one place where an escaped slash is part of a name: the identifier of an audience may be an address. */
const AUDIENCE_PATH = /^\/api\/admin\/audiences\/[A-Za-z0-9]/;

function hidesNothing(escapes: string): boolean {
  try {
    return !HIDDEN.test(decodeURIComponent(escapes));
  } catch {
    return false; // not UTF-8
  }
}

/**
 * True when the request target (RFC 9112 section 3.2) is in origin form and has only one reading, so that
 * middleware, Next and a proxy in front cannot disagree about which route it names.
 */
export function isCanonicalTarget(rawTarget: string): boolean {
  if (rawTarget.length > MAX_TARGET_CHARACTERS) return false;
  const mark = rawTarget.indexOf("?");
  const path = mark === -1 ? rawTarget : rawTarget.slice(0, mark);
  const query = mark === -1 ? "" : rawTarget.slice(mark + 1);
  if (!PATH.test(path) || !QUERY.test(query)) return false;
  if (path.includes("//")) return false;
  const named = AUDIENCE_PATH.test(path) ? path.replaceAll("%2F", "/") : path;
  return !DOT_SEGMENT.test(named) && (named.match(ESCAPES) ?? []).every(hidesNothing);
}
