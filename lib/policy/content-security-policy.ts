import { TRUSTED_TYPES_POLICY } from "./trusted-script-url";

/** For every response that is not a page. */
export const NO_CONTENT_CSP =
  "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** 128 random bits (ASVS 3.4.3); a UUID has 122. */
const NONCE_BYTES = 16;
const NONCE = /^[A-Za-z0-9+/]{22}==$/;

/** A nonce for one response, in base64. `randomBytes` must be a CSPRNG. */
export function createNonce(randomBytes: (byteCount: number) => Uint8Array): string {
  return btoa(String.fromCharCode(...randomBytes(NONCE_BYTES)));
}

/**
 * The policy of a page, for the request (where Next reads the nonce) and the response alike.
 *
 * In development React needs `eval` and Next's overlay inline styles. Trusted Types are left out there too:
 * they refuse `eval` of text even where `'unsafe-eval'` allows it (measured, Next 16.4.6, Chromium 156).
 * Throws for a nonce that `createNonce` did not make.
 */
export function contentSecurityPolicy(nonce: string, options: { development: boolean }): string {
  if (!NONCE.test(nonce)) throw new Error("The nonce is not 128 bits of base64.");
  const { development } = options;
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'${development ? " 'unsafe-eval'" : ""}`,
    `style-src 'self'${development ? " 'unsafe-inline'" : ""}`,
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
    ...(development ? [] : ["require-trusted-types-for 'script'", `trusted-types ${TRUSTED_TYPES_POLICY}`]),
    "report-uri /api/csp-reports",
  ].join("; ");
}
