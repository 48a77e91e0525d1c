import type { Actor } from "@/lib/audit/actor";
import type { Client } from "@/lib/audit/events";
import type { VerifiedClaims } from "@/lib/tokens/verify";

export const actorOf = (claims: VerifiedClaims, client: Client): Actor => ({
  userId: claims.sub,
  sessionId: claims.sid,
  client,
});
