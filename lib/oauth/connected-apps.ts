import { type Actor, doneBy } from "@/lib/audit/actor";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { endSessions } from "@/lib/sessions/end-sessions";
import type { Session } from "@/lib/sessions/session";
import type { Client } from "./client";
import type { OAuthDependencies } from "./dependencies";
import { formatScope, wordsOf } from "./scope";
import type { Consent, Permission } from "./stores";

/** More than anybody has at a time; the rest is there once some are gone. */
const MAX_GRANTS = 500;

/** What a person has let one client do. */
export interface ConnectedApp {
  client: Client;
  /** All that was allowed, by service. */
  permissions: Permission[];
  /** Those that go on now, the newest first. */
  grants: Session[];
  /** When it was last allowed. */
  grantedAt: Date;
}

/** The clients that a person has let in, or lets in without being asked, the last allowed first. */
export async function listConnectedApps(
  { stores, clock }: Pick<OAuthDependencies, "stores" | "clock">,
  userId: string,
): Promise<ConnectedApp[]> {
  const grants = await stores.sessions.listLiveGrants(userId, MAX_GRANTS, clock.now());
  const consents = await stores.consents.listOfUser(userId);
  const ids = new Set([
    ...consents.map(({ clientId }) => clientId),
    ...grants.flatMap(({ grant }) => grant?.clientId ?? []),
  ]);
  const clients = await stores.clients.findAll([...ids]);
  return clients
    .map((client) => toApp(client, consents, grants))
    .sort((a, b) => b.grantedAt.getTime() - a.grantedAt.getTime());
}

function toApp(client: Client, consents: readonly Consent[], grants: readonly Session[]): ConnectedApp {
  const theirs = grants.filter(({ grant }) => grant?.clientId === client.id);
  const agreed = [
    ...consents.filter(({ clientId }) => clientId === client.id),
    ...theirs.flatMap(({ grant, createdAt }) => (grant === null ? [] : { ...grant, grantedAt: createdAt })),
  ];
  return {
    client,
    permissions: permissionsOf(agreed),
    grants: theirs,
    grantedAt: new Date(Math.max(...agreed.map(({ grantedAt }) => grantedAt.getTime()))),
  };
}

/** One a service, with all its words: what was allowed for one service is nothing at another. */
function permissionsOf(agreed: readonly Permission[]): Permission[] {
  const services = new Set(agreed.map(({ audience }) => audience));
  return [...services].map((audience) => {
    const there = agreed.filter((permission) => permission.audience === audience);
    const words = new Set(there.flatMap(({ scope }) => wordsOf(scope)));
    return { audience, scope: formatScope([...words]) };
  });
}

/**
 * Takes back all that the acting person has let a client do: its grants end, and it has to ask again. Throws `not_found`
 * where there is nothing to take back.
 */
export async function disconnectApp(deps: OAuthDependencies, clientId: string, actor: Actor): Promise<void> {
  const { userId } = actor;
  if (userId === null) throw new Error("The command line has connected no app.");
  // First, so that no grant is given without being asked while the others end.
  const withdrawn = await deps.atomically(async (stores) => {
    // In this order: a code that is being given without asking holds its consent, and is found afterwards.
    const count = await stores.consents.withdraw(userId, clientId);
    await stores.authorizationCodes.removeUnused(clientId, userId);
    await stores.deviceAuthorizations.removeUnused(clientId, userId);
    if (count === 0) return false;
    const at = deps.clock.now();
    await stores.audit.record({
      at,
      type: "consent.withdrawn",
      userId,
      ...doneBy(actor),
      details: { clientId },
    });
    return true;
  });
  const ended = await endSessions(deps.sessions, { kind: "grants", clientId, userId }, "revoked_by_user", {
    actorId: userId,
    client: actor.client,
    details: {},
  });
  if (!withdrawn && ended.length === 0) throw new LatchkeyError("not_found");
}
