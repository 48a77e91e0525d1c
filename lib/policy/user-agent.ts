const MAX_USER_AGENT_CHARACTERS = 512;
const UNKNOWN_DEVICE = "Unknown device";

type Names = readonly (readonly [RegExp, string])[];

/** The first row that matches counts: browsers name each other, so the more particular stand first. */
const BROWSERS: Names = [
  [/\b(?:Edg|EdgA|EdgiOS)\//, "Edge"],
  [/\b(?:OPR|OPT|OPiOS)\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/(?:Chrome|Chromium|CriOS)\//, "Chrome"],
  [/\bVersion\/.*\bSafari\//, "Safari"],
];

const SYSTEMS: Names = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bWindows NT\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bLinux\b/, "Linux"],
];

const PROGRAMS: Names = [
  [/^curl\//, "curl"],
  [/^Wget\//, "Wget"],
  [/^HTTPie\//, "HTTPie"],
  [/^PostmanRuntime\//, "Postman"],
  [/^python-(?:requests|httpx|urllib3)\//, "Python"],
  [/^Go-http-client\//, "Go"],
  [/^okhttp\//, "OkHttp"],
  [/^(?:node$|node\/|undici$)/, "Node.js"],
];

const nameIn = (names: Names, text: string): string | undefined =>
  names.find(([pattern]) => pattern.test(text))?.[1];

/** A short name for people, only ever made of the words of the tables above. Nothing may rely on it. */
export function deviceName(userAgent: string): string {
  const text = clipUserAgent(userAgent);
  const program = nameIn(PROGRAMS, text);
  if (program !== undefined) return program;
  const browser = nameIn(BROWSERS, text);
  const system = nameIn(SYSTEMS, text);
  if (browser !== undefined && system !== undefined) return `${browser} on ${system}`;
  return browser ?? system ?? UNKNOWN_DEVICE;
}

/**
 * A User-Agent fit to keep: at most 512 characters, without control, formatting (bidi) or unpaired surrogate
 * characters. Empty when there is none.
 */
export function clipUserAgent(text: string | null): string {
  // Cut first: what the cut leaves of a surrogate pair is in \p{C} too.
  return (text ?? "").slice(0, MAX_USER_AGENT_CHARACTERS).replace(/\p{C}/gu, "").trim();
}
