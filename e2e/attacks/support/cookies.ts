import type { Answer } from "./http";

export const ACCESS_COOKIE = "__Host-Http-access";
export const REFRESH_COOKIE = "__Host-Http-refresh";

/** What a signed-in browser holds. */
export interface Credentials {
  access: string;
  refresh: string;
}

/** The cookie's new value, "" when it was cleared, null when the answer does not mention it. */
export function cookieSet(answer: Answer, name: string): string | null {
  const line = answer.setCookies.findLast((candidate) => candidate.startsWith(`${name}=`));
  return line === undefined ? null : (line.slice(name.length + 1).split(";")[0] ?? "");
}

export function credentialsSet(answer: Answer): Credentials {
  const access = cookieSet(answer, ACCESS_COOKIE);
  const refresh = cookieSet(answer, REFRESH_COOKIE);
  if (!access || !refresh) throw new Error(`No session cookies: ${answer.status} ${answer.text}`);
  return { access, refresh };
}

/** The `Cookie` header of a browser that holds these. */
export const cookieHeader = (held: Partial<Credentials>): string =>
  [
    held.access === undefined ? [] : [`${ACCESS_COOKIE}=${held.access}`],
    held.refresh === undefined ? [] : [`${REFRESH_COOKIE}=${held.refresh}`],
  ]
    .flat()
    .join("; ");
