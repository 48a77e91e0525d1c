import type { Settings } from "@/lib/config/settings";
import { secondsBetween } from "@/lib/crypto/clock";
import {
  clearCookie,
  cookieNames,
  MAX_ACCESS_COOKIE_BYTES,
  MAX_REFRESH_COOKIE_BYTES,
  replaceCookies,
  setCookie,
} from "@/lib/policy/cookies";
import type { Credentials } from "@/lib/sessions/credentials";

/** A cookie to set; an age of 0 removes it. */
export interface SessionCookie {
  name: string;
  value: string;
  maxAgeSeconds: number;
  secure: boolean;
}

type CookieSettings = Pick<Settings, "secureCookies">;

/** The two cookies of a signed-in browser. Throws when one would be larger than a browser need store. */
export function credentialCookies(
  credentials: Credentials,
  { secureCookies: secure }: CookieSettings,
): SessionCookie[] {
  const names = cookieNames(secure);
  const { accessToken, refreshToken, accessTokenExpiresAt, refreshTokenMaxAgeSeconds } = credentials;
  if (accessToken.length > MAX_ACCESS_COOKIE_BYTES || refreshToken.length > MAX_REFRESH_COOKIE_BYTES) {
    throw new Error("A session cookie would be too large.");
  }
  const accessMaxAgeSeconds = Math.max(1, Math.floor(secondsBetween(new Date(), accessTokenExpiresAt)));
  return [
    { name: names.access, value: accessToken, maxAgeSeconds: accessMaxAgeSeconds, secure },
    {
      name: names.refresh,
      value: refreshToken,
      maxAgeSeconds: Math.max(1, refreshTokenMaxAgeSeconds),
      secure,
    },
  ];
}

export function removedCookies({ secureCookies: secure }: CookieSettings): SessionCookie[] {
  return Object.values(cookieNames(secure)).map((name) => ({ name, value: "", maxAgeSeconds: 0, secure }));
}

export function serializeCookie({ name, value, maxAgeSeconds, secure }: SessionCookie): string {
  return maxAgeSeconds === 0
    ? clearCookie(name, { secure })
    : setCookie(name, value, { maxAgeSeconds, secure });
}

/** The `Cookie` header as the browser will send it once it has the renewed session. */
export function forwardedCookies(
  header: string | null,
  credentials: Credentials,
  settings: CookieSettings,
): string {
  const cookies = credentialCookies(credentials, settings);
  return replaceCookies(header, Object.fromEntries(cookies.map(({ name, value }) => [name, value])));
}
