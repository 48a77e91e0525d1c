export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

/**
 * Decodes base64url, or returns null when the text is not the one canonical encoding of its bytes:
 * another alphabet, padding, white space, or stray bits in the last character (RFC 8725bis section 3.14).
 */
export function decodeBase64url(text: string): Buffer<ArrayBuffer> | null {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : null;
}
