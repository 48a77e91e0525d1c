/** An http address in the characters that addresses are written in: nothing that a parser would leave out or turn. */
const ADDRESS = /^https?:\/\/[\w.:[\]-]+(?:[/?#][\x21-\x5b\x5d-\x7e]*)?$/i;

const ESCAPE = /%[0-9a-f]{2}/gi;
const UNRESERVED = /[\w.~-]/;

/**
 * Whether two addresses are one (RFC 9449 section 4.3), by RFC 3986 section 6.2: the case of scheme and host, the
 * default port, dot segments and needless escapes do not tell them apart, and neither do query and fragment.
 */
export function isSameAddress(one: string, other: string): boolean {
  const normal = normalize(one);
  return normal !== null && normal === normalize(other);
}

function normalize(address: string): string | null {
  if (!ADDRESS.test(address) || !URL.canParse(address)) return null;
  const { origin, pathname } = new URL(address);
  return origin + pathname.replace(ESCAPE, inOneForm);
}

function inOneForm(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
  return UNRESERVED.test(character) ? character : escaped.toUpperCase();
}
