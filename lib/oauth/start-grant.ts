import type { Client as Caller } from "@/lib/audit/events";
import { randomId } from "@/lib/crypto/random";
import { announceEnded, sessionEnding } from "@/lib/sessions/end-sessions";
import type { Grant, Session } from "@/lib/sessions/session";
import type { EndedSessions } from "@/lib/sessions/session-store";
import { keepSession, ownTerms, type SessionTerms } from "@/lib/sessions/start-session";
import { type Client, isPublic, OFFLINE_ACCESS } from "./client";
import type { OAuthDependencies } from "./dependencies";
import type { NewGrant } from "./grant";
import { requireIssuable } from "./issue-client-token";
import { OAuthError } from "./oauth-error";

/** What the person has agreed to, and how it came to its client. */
interface Agreement {
  audience: string;
  scope: string;
  /** The browser session in which it was given. */
  parentId: string;
  /** The key that its tokens are bound to, or null. */
  jkt: string | null;
  from: Caller;
}

type Stores = OAuthDependencies["stores"];

/** What is written in one transaction with the grant, and before it: of many callers one gets further. */
type Redeem = (stores: Stores, grantId: string) => Promise<void>;

/**
 * Starts a grant, which is a session of its own, as long as the browser session in which it was given goes on. An offline
 * grant has limits of its own; any other lives as long as that session may. Throws `invalid_grant`, and before anything is
 * written for a token that could not be issued.
 */
export async function startGrant(
  deps: OAuthDependencies,
  client: Client,
  agreed: Agreement,
  redeem: Redeem,
): Promise<NewGrant> {
  await requireIssuable(deps, client, agreed);
  const { grant, ended } = await deps.atomically(async (stores) => {
    // First the client, as whoever removes it does: so that neither waits for the other.
    if (!(await stores.clients.hold(client.id))) throw over("The client is gone.");
    const grantId = randomId();
    await redeem(stores, grantId);
    const started = await keepGrant(deps, stores, client, agreed, grantId);
    return { grant: started, ended: await endOldest(deps, stores, started.session) };
  });
  await announceEnded(deps.sessions, "replaced", ended);
  return grant;
}

async function keepGrant(
  deps: OAuthDependencies,
  stores: Stores,
  client: Client,
  { audience, scope, parentId, jkt, from }: Agreement,
  grantId: string,
): Promise<NewGrant> {
  const parent = await stores.sessions.holdLive(parentId, deps.clock.now());
  if (parent === null) throw over("The sign-in that this came from has ended.");
  const isOffline = scope.split(" ").includes(OFFLINE_ACCESS);
  const dpopJkt = isPublic(client) ? jkt : null;
  const grant: Grant = { clientId: client.id, parentId, audience, scope, isOffline, dpopJkt };
  const terms = termsOf(deps, grant, parent);
  const keeping = { store: stores.sessions, audit: stores.audit, clock: deps.clock };
  const { session, secret } = await keepSession(keeping, parent.user, from, terms, grant, grantId);
  const tokensEndBy = isOffline ? terms.idleExpiresAt : parent.idleExpiresAt;
  return { session: { ...session, user: parent.user }, secret, tokensEndBy };
}

function termsOf(
  { sessions, clock }: OAuthDependencies,
  { isOffline }: Grant,
  { authenticatedAt, expiresAt }: Session,
): SessionTerms {
  if (!isOffline) return { authenticatedAt, idleExpiresAt: expiresAt, expiresAt };
  return { ...ownTerms(sessions, clock.now()), authenticatedAt };
}

/** Of the grants that one client got in one browser session: whoever asks again and again does not need all of them. */
const MAX_ONLINE_GRANTS = 20;

/** All but the newest of them. */
async function endOldest(
  { sessions }: OAuthDependencies,
  { sessions: store }: Stores,
  { userId, grant }: Session,
): Promise<EndedSessions> {
  const parentId = grant === null || grant.isOffline ? null : grant.parentId;
  const clientId = grant?.clientId ?? "";
  const ids = parentId === null ? [] : await store.listOnlineGrants(parentId, clientId, MAX_ONLINE_GRANTS);
  if (ids.length === 0) return { endedIds: [], denials: [] };
  const ending = sessionEnding(sessions, "replaced", { actorId: userId, client: null, details: {} });
  return store.end({ kind: "ids", ids, ownedBy: null }, ending);
}

const over = (description: string): OAuthError => new OAuthError("invalid_grant", description);
