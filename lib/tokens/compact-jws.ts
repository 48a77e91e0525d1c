import { decodeBase64url } from "@/lib/crypto/base64url";

export interface CompactJws {
  header: Record<string, unknown>;
  payload: Record<string, unknown>;
}

const JWS_PARTS = 3;

/**
 * Takes a compact JWS (RFC 7515 section 7.1) apart, or returns null.
 * Nothing of it is trusted yet. One text has one meaning: each part must equal its own re-encoding, and each JSON
 * object must equal its own re-serialization, as ours do. So duplicate members, white space, unusual escapes and
 * numbers such as 1e308 end here (RFC 8725bis section 3.14).
 */
export function parseCompactJws(text: string): CompactJws | null {
  const parts = text.split(".", JWS_PARTS + 1);
  if (parts.length !== JWS_PARTS) return null;
  const [header, payload, signature] = parts.map(decodeBase64url);
  if (!header || !payload || !signature || signature.length === 0) return null;
  const headerObject = parseOnlyForm(header);
  const payloadObject = parseOnlyForm(payload);
  return headerObject && payloadObject && { header: headerObject, payload: payloadObject };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function parseOnlyForm(bytes: Uint8Array): Record<string, unknown> | null {
  try {
    const text = utf8.decode(bytes);
    const value: unknown = JSON.parse(text);
    return isObject(value) && JSON.stringify(value) === text ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
