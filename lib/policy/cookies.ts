import { daysToSeconds } from "../config/durations";

/**
 * Of the value alone. With its name each stays far below the 4096 bytes a browser must store. An access token takes 700
 * at most, and 426 more with the longest of signatures, that of RS256.
 */
export const MAX_ACCESS_COOKIE_BYTES = 700 + 426;
export const MAX_REFRESH_COOKIE_BYTES = 120;

/** Browsers cut longer lives to this (layered-cookies, "cookie lifetime limits"). */
const MAX_AGE_LIMIT_SECONDS = daysToSeconds(400);

/** All that a JWT or a base64url token needs; leaves nothing that could end a cookie or begin an attribute. */
const VALUE = /^[A-Za-z0-9._-]+$/;

/**
 * `__Host-Http-`: a browser that knows the prefix takes the cookie only from `Set-Cookie`, with HttpOnly,
 * Secure, `Path=/` and no Domain; one that does not reads it as `__Host-`.
 */
export function cookieNames(secure: boolean): { access: string; refresh: string } {
  const prefix = secure ? "__Host-Http-" : "";
  return { access: `${prefix}access`, refresh: `${prefix}refresh` };
}

interface Pair {
  name: string;
  /** As it was sent. */
  text: string;
  value: string;
}

function parsePairs(cookieHeader: string | null): Pair[] {
  return (cookieHeader ?? "")
    .split(";")
    .map((part) => part.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((text) => text !== "")
    .map((text) => {
      const equals = text.indexOf("=");
      // Without "=" the text is the value of a nameless cookie, never the name of an empty one.
      return { name: text.slice(0, Math.max(equals, 0)), text, value: text.slice(equals + 1) };
    });
}

export type CookieReading = { kind: "none" } | { kind: "value"; value: string } | { kind: "repeated" };

/**
 * The one cookie of exactly this name. Sent twice, whatever the values, it is `repeated`: another path or
 * domain may have planted the other (cookie tossing). A value that we cannot have set counts as none.
 */
export function readCookie(cookieHeader: string | null, name: string): CookieReading {
  const [first, ...others] = parsePairs(cookieHeader).filter((pair) => pair.name === name);
  if (others.length > 0) return { kind: "repeated" };
  if (first === undefined || !VALUE.test(first.value)) return { kind: "none" };
  return { kind: "value", value: first.value };
}

function requireValue(name: string, value: string): string {
  if (!VALUE.test(value)) throw new Error(`A value for the cookie ${name} holds a character it may not.`);
  return value;
}

/**
 * The `Cookie` header for the forwarded request: each named cookie replaced (a string) or taken out (null),
 * the others as they came. Empty when none is left.
 */
export function replaceCookies(cookieHeader: string | null, values: Record<string, string | null>): string {
  const kept = parsePairs(cookieHeader).filter((pair) => !Object.hasOwn(values, pair.name));
  const added = Object.entries(values).flatMap(([name, value]) =>
    value === null ? [] : [`${name}=${requireValue(name, value)}`],
  );
  return [...kept.map((pair) => pair.text), ...added].join("; ");
}

const attributes = (maxAgeSeconds: number, secure: boolean): string =>
  `; Max-Age=${maxAgeSeconds}; Path=/; HttpOnly${secure ? "; Secure" : ""}; SameSite=Strict`;

/** A `Set-Cookie` value. Throws for a value or an age that no cookie of ours has. */
export function setCookie(
  name: string,
  value: string,
  options: { maxAgeSeconds: number; secure: boolean },
): string {
  const { maxAgeSeconds, secure } = options;
  if (!Number.isInteger(maxAgeSeconds) || maxAgeSeconds < 1 || maxAgeSeconds > MAX_AGE_LIMIT_SECONDS) {
    throw new Error(`${maxAgeSeconds} is not a number of seconds a cookie may live.`);
  }
  return `${name}=${requireValue(name, value)}${attributes(maxAgeSeconds, secure)}`;
}

/** A `Set-Cookie` value that removes the cookie; browsers ask for the same attributes as when it was set. */
export function clearCookie(name: string, options: { secure: boolean }): string {
  return `${name}=${attributes(0, options.secure)}`;
}
