import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { bearerToken } from "@/lib/policy/authorization-header";
import { cookieNames, readCookie } from "@/lib/policy/cookies";

/** What a request brings to prove who sent it. */
export interface Presented {
  accessToken: string | null;
  refreshToken: string | null;
}

export const NOTHING_PRESENTED: Presented = { accessToken: null, refreshToken: null };

/**
 * Reads the session cookies or the bearer token. A cookie that appears twice, a malformed `Authorization`, and cookie
 * and bearer together are refused: a request has one meaning. Throws `invalid_request`, `invalid_token`.
 */
export function readPresented(headers: Headers, secureCookies: boolean): Presented {
  const names = cookieNames(secureCookies);
  const header = headers.get("cookie");
  const accessToken = readSingleCookie(header, names.access);
  const refreshToken = readSingleCookie(header, names.refresh);
  const bearer = bearerToken(headers);
  if (bearer.kind === "none") return { accessToken, refreshToken };
  if (accessToken !== null || refreshToken !== null) {
    throw new LatchkeyError("invalid_request", { reason: "cookie and bearer token together" });
  }
  if (bearer.kind === "malformed")
    throw new LatchkeyError("invalid_token", { reason: "malformed authorization" });
  return { accessToken: bearer.token, refreshToken: null };
}

function readSingleCookie(header: string | null, name: string): string | null {
  const reading = readCookie(header, name);
  if (reading.kind === "repeated")
    throw new LatchkeyError("invalid_request", { reason: `cookie ${name} twice` });
  return reading.kind === "value" ? reading.value : null;
}
