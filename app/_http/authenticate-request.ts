import { hasCode, LatchkeyError } from "@/lib/errors/latchkey-error";
import { acknowledge, authenticate } from "@/lib/sessions/authenticate";
import { refreshSession } from "@/lib/sessions/refresh-session";
import { reportRejection } from "@/lib/sessions/report-rejection";
import type { Role } from "@/lib/sessions/session";
import type { Exchange } from "./exchange";
import type { Presented } from "./presented";

/** Who is signed in, as far as middleware needs to know. */
export interface SignedIn {
  role: Role;
}

/**
 * Authenticates by the access token, and renews the session in line when that has expired, which the exchange then
 * holds. Null: nobody is signed in.
 * Throws `invalid_token` for a token that no honest client holds, and passes on every failure of the database.
 */
export async function authenticateRequest(
  exchange: Exchange,
  presented: Presented,
): Promise<SignedIn | null> {
  const { accessToken, refreshToken } = presented;
  if (accessToken !== null) {
    const authentication = await authenticate(exchange.latchkey.sessions, accessToken);
    if (authentication.ok) {
      await acknowledgeCalmly(exchange, authentication.claims);
      return { role: authentication.claims.role };
    }
    await reportRejection(exchange.latchkey.sessions, authentication, exchange.client);
    if (!authentication.isRenewable)
      throw new LatchkeyError("invalid_token", { reason: authentication.reason });
    if (refreshToken === null) throw new LatchkeyError("invalid_token", { reason: authentication.reason });
  }
  return refreshToken === null ? null : renew(exchange, refreshToken);
}

/** A valid token goes on working while the database cannot be reached; its acknowledgement waits for the next use. */
async function acknowledgeCalmly(
  exchange: Exchange,
  claims: Parameters<typeof acknowledge>[1],
): Promise<void> {
  const { latchkey } = exchange;
  try {
    await acknowledge(latchkey.sessions, claims);
  } catch (error) {
    if (!latchkey.isOutage(error)) throw error;
    latchkey.log.warn(
      { requestId: exchange.requestId },
      "acknowledgement waits: the database cannot be reached",
    );
  }
}

async function renew(exchange: Exchange, refreshToken: string): Promise<SignedIn | null> {
  try {
    exchange.renewed = await refreshSession(exchange.latchkey.sessions, refreshToken, exchange.client);
    return { role: exchange.renewed.user.role };
  } catch (error) {
    if (hasCode(error, "invalid_refresh_token")) return null;
    throw error;
  }
}
