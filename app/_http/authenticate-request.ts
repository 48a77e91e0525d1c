import { hasCode, LatchkeyError } from "@/lib/errors/latchkey-error";
import { acknowledge, authenticate } from "@/lib/sessions/authenticate";
import type { Credentials } from "@/lib/sessions/credentials";
import { refreshSession } from "@/lib/sessions/refresh-session";
import { reportRejection } from "@/lib/sessions/report-rejection";
import type { Exchange } from "./exchange";
import type { Presented } from "./presented";

/** Who is signed in, as far as middleware needs to know, and the credentials when they were renewed on the way. */
export interface SignedIn {
  role: "user" | "admin";
  renewed: Credentials | null;
}

/**
 * Authenticates by the access token, and renews the session in line when that has expired. Null: nobody is signed in.
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
      return { role: authentication.claims.role, renewed: null };
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

async function renew({ latchkey, client }: Exchange, refreshToken: string): Promise<SignedIn | null> {
  try {
    const renewed = await refreshSession(latchkey.sessions, refreshToken, client);
    return { role: renewed.user.role, renewed };
  } catch (error) {
    if (hasCode(error, "invalid_refresh_token")) return null;
    throw error;
  }
}
