import { decodeBase64url } from "@/lib/crypto/base64url";

export type JsonObject = Record<string, unknown>;

export interface CompactJws {
  header: JsonObject;
  payload: JsonObject;
  signature: Uint8Array<ArrayBuffer>;
}

const JWS_PARTS = 3;
const JWE_PARTS = 5;

/**
 * Takes a compact JWS (RFC 7515 section 7.1) apart, or returns null.
 * Nothing of it is trusted yet. One text has one meaning: each part must equal its own re-encoding, and each JSON
 * object must equal its own re-serialization, as ours do. So duplicate members, white space, unusual escapes and
 * numbers such as 1e308 end here (RFC 8725bis section 3.14).
 */
export function parseCompactJws(text: string): CompactJws | null {
  const [headerBytes, payloadBytes, signature] = decodeParts(text, JWS_PARTS);
  const header = parseOnlyForm(headerBytes);
  const payload = parseOnlyForm(payloadBytes);
  return header && payload && signature?.length ? { header, payload, signature } : null;
}

/** The protected header of a compact JWE (RFC 7516 section 7.1) by the same rules, or null. */
export const parseCompactJweHeader = (text: string): JsonObject | null =>
  parseOnlyForm(decodeParts(text, JWE_PARTS)[0]);

/** None unless there are exactly so many parts, each the one canonical encoding of its bytes. */
function decodeParts(text: string, count: number): Buffer<ArrayBuffer>[] {
  const parts = text.split(".", count + 1);
  const decoded = parts.map(decodeBase64url);
  return parts.length === count && decoded.every((bytes) => bytes !== null) ? decoded : [];
}

/** Throws for bytes that are no text. */
export const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Nothing is no JSON either. */
function parseOnlyForm(bytes: Uint8Array | undefined): JsonObject | null {
  try {
    const text = utf8.decode(bytes);
    const value: unknown = JSON.parse(text);
    return isObject(value) && JSON.stringify(value) === text ? value : null;
  } catch {
    return null;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const hasOnly = (object: JsonObject, members: readonly string[]): boolean =>
  Object.keys(object).every((member) => members.includes(member));
