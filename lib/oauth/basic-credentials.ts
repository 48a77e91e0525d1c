import { utf8 } from "@/lib/tokens/compact";

/** RFC 7617 section 2: the scheme in any case, one space, base64. No comma, so two headers joined fail. */
const BASIC = /^basic ([A-Za-z0-9+/]+={0,2})$/i;
/** Far more than any client id and secret of ours take, each character escaped. */
const MAX_HEADER_CHARACTERS = 2_048;
const CONTROL_CHARACTER = /\p{Cc}/u;

export type BasicReading =
  | { kind: "none" }
  | { kind: "credentials"; clientId: string; secret: string }
  | { kind: "malformed" };

/**
 * The client id and secret of the request, each of which was form-encoded before the two were joined (RFC 6749 section
 * 2.3.1). A header that is there and holds anything else, half of them included, is `malformed`.
 */
export function basicCredentials(headers: Headers): BasicReading {
  const header = headers.get("authorization");
  if (header === null) return { kind: "none" };
  const [clientId, secret] = readPair(header);
  return clientId && secret ? { kind: "credentials", clientId, secret } : { kind: "malformed" };
}

function readPair(header: string): (string | null)[] {
  const text = header.length > MAX_HEADER_CHARACTERS ? null : decodeBase64(BASIC.exec(header)?.[1] ?? "");
  const colon = text?.indexOf(":") ?? -1;
  if (text === null || colon === -1) return [];
  return [text.slice(0, colon), text.slice(colon + 1)].map(decodeForm);
}

/** Null for what is not the one encoding of its bytes, and for bytes that are no text. */
function decodeBase64(encoded: string): string | null {
  const bytes = Buffer.from(encoded, "base64");
  return bytes.toString("base64") === encoded ? orNull(() => utf8.decode(bytes)) : null;
}

/** `application/x-www-form-urlencoded`, where a plus is a space. */
function decodeForm(encoded: string): string | null {
  const text = orNull(() => decodeURIComponent(encoded.replaceAll("+", " ")));
  return text === null || CONTROL_CHARACTER.test(text) ? null : text;
}

/** What a decoder returns, or null for what it refuses. */
function orNull(decode: () => string): string | null {
  try {
    return decode();
  } catch {
    return null;
  }
}
