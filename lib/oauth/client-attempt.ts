import type { Client as Caller } from "@/lib/audit/events";
import { requireAttempt } from "@/lib/identity/rate-limiter";
import { addressBucket } from "@/lib/policy/client-address";
import { type Client, isPublic } from "./client";
import type { OAuthDependencies } from "./dependencies";

/**
 * Counts what a client starts: by its id once it has proved who it is, as all its people come from the address of its
 * server; by the address where anybody may say to be the client. Throws `rate_limited`.
 */
export async function requireClientAttempt(
  { rateLimiter }: Pick<OAuthDependencies, "rateLimiter">,
  what: "deviceAuthorization" | "pushedRequest",
  client: Pick<Client, "id" | "authMethod">,
  { ip }: Pick<Caller, "ip">,
): Promise<void> {
  if (isPublic(client)) await requireAttempt(rateLimiter, `${what}ByAddress`, addressBucket(ip));
  else await requireAttempt(rateLimiter, `${what}ByClient`, client.id);
}
