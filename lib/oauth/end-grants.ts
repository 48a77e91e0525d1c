import type { Actor } from "@/lib/audit/actor";
import { ACCEPTED_ACCESS_TOKEN_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import { randomId } from "@/lib/crypto/random";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import type { Denial } from "@/lib/revocation/denial";
import { announceEnded, endSessions, sessionEnding } from "@/lib/sessions/end-sessions";
import type { EndedSessions } from "@/lib/sessions/session-store";
import type { OAuthDependencies } from "./dependencies";

const REASON = "revoked_by_admin";

/** More than are given in the moment between two statements. */
const MAX_LATE_GRANTS = 1_000;

/** Ends what people have let a client do. Returns the ids that ended. */
export const endGrants = (
  { sessions }: OAuthDependencies,
  clientId: string,
  reason: string | null,
  actor: Actor,
): Promise<string[]> =>
  endSessions(sessions, { kind: "grants", clientId, userId: null }, REASON, endingEvent(actor, reason));

const endingEvent = ({ userId, client }: Actor, reason: string | null) => ({
  actorId: userId,
  client,
  details: { note: reason },
});

/**
 * As `endGrants`, for those that were given since, within a transaction in which no other can be given. To be announced
 * when it is kept.
 */
export async function endLateGrants(
  { sessions, clock }: OAuthDependencies,
  stores: OAuthDependencies["stores"],
  clientId: string,
  actor: Actor,
): Promise<EndedSessions> {
  const whose = { userId: null, clientId };
  const late = await stores.sessions.listLiveIds(
    whose,
    { limit: MAX_LATE_GRANTS, cursor: null },
    clock.now(),
  );
  const selection = { kind: "ids", ids: late.items, ownedBy: null } as const;
  return stores.sessions.end(selection, sessionEnding(sessions, REASON, endingEvent(actor, null)));
}

/**
 * Takes back what a client has got for itself. Nobody starts a grant of it before the transaction is over. To be
 * announced when it is kept. Throws `not_found`.
 */
export async function denyOwnTokens(
  { clock }: OAuthDependencies,
  { clients, denials }: OAuthDependencies["stores"],
  id: string,
): Promise<Denial> {
  const now = clock.now();
  const former = await clients.replaceTokensId(id, randomId(), now);
  if (former === null) throw new LatchkeyError("not_found");
  const expiresAt = addSeconds(now, ACCEPTED_ACCESS_TOKEN_SECONDS);
  const denial: Denial = { kind: "sid", value: former, expiresAt };
  await denials.deny(denial);
  return denial;
}

/** Tells everybody who judges tokens. */
export const announce = ({ sessions }: OAuthDependencies, ended: EndedSessions): Promise<void> =>
  announceEnded(sessions, REASON, ended);
