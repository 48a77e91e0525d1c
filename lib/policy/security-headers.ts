import { HSTS_MAX_AGE_SECONDS } from "../config/durations";

/**
 * What a page of ours never uses; `clipboard-write` stays, to copy a one-time link. Only names that Chromium
 * knows on every system: it warns of others on each page.
 */
const DENIED_FEATURES = [
  "accelerometer",
  "autoplay",
  "browsing-topics",
  "camera",
  "clipboard-read",
  "display-capture",
  "encrypted-media",
  "fullscreen",
  "gamepad",
  "geolocation",
  "gyroscope",
  "hid",
  "identity-credentials-get",
  "idle-detection",
  "keyboard-map",
  "local-fonts",
  "magnetometer",
  "microphone",
  "midi",
  "otp-credentials",
  "payment",
  "picture-in-picture",
  "publickey-credentials-create",
  "publickey-credentials-get",
  "screen-wake-lock",
  "serial",
  "storage-access",
  "usb",
  "window-management",
  "xr-spatial-tracking",
];

/**
 * On every response, errors, redirects and files included. The Content-Security-Policy comes beside them.
 *
 * Referrer-Policy is `same-origin`, not `no-referrer`: under the latter a form posted without JavaScript
 * carries `Origin: null` (Fetch, "append a request Origin header"; measured in Chromium 156), which we and
 * Next both refuse. No other origin learns an address of ours either way.
 *
 * Browsers ignore HSTS over plain http (RFC 6797 section 8.1), so it does no harm on localhost.
 */
export const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  ["Strict-Transport-Security", `max-age=${HSTS_MAX_AGE_SECONDS}; includeSubDomains`],
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "same-origin"],
  ["Cross-Origin-Opener-Policy", "same-origin"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
  ["Origin-Agent-Cluster", "?1"],
  ["Permissions-Policy", DENIED_FEATURES.map((feature) => `${feature}=()`).join(", ")],
  ["X-Frame-Options", "DENY"],
  ["X-DNS-Prefetch-Control", "off"],
  ["X-Permitted-Cross-Domain-Policies", "none"],
];
