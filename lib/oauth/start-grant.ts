import type { Client as Caller } from "@/lib/audit/events";
import { randomId } from "@/lib/crypto/random";
import { endSessions } from "@/lib/sessions/end-sessions";
import type { Grant, Session, SessionWithUser } from "@/lib/sessions/session";
import { keepSession, ownTerms, type SessionTerms } from "@/lib/sessions/start-session";
import { type Client, isPublic, OFFLINE_ACCESS } from "./client";
import type { OAuthDependencies } from "./dependencies";
import { type NewGrant, requireStillTheirs } from "./grant";
import { requireIssuable } from "./issue-client-token";
import { OAuthError } from "./oauth-error";
import { wordsOf } from "./scope";

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
  requireStillTheirs(deps, client, agreed.audience);
  await requireIssuable(deps, client, agreed);
  if (!isOffline(agreed)) await endOldest(deps, client, agreed);
  return deps.atomically(async (stores) => {
    // First the client, as whoever removes it does: so that neither waits for the other.
    if (!(await stores.clients.hold(client.id))) throw over("The client is gone.");
    // Then the browser session, as whoever hands over what waits in it does.
    const parent = await stores.sessions.holdLive(agreed.parentId, deps.clock.now());
    if (parent === null) throw over("The sign-in that this came from has ended.");
    const grantId = randomId();
    await redeem(stores, grantId);
    return keepGrant(deps, stores, client, agreed, parent, grantId);
  });
}

async function keepGrant(
  deps: OAuthDependencies,
  stores: Stores,
  client: Client,
  { audience, scope, parentId, jkt, from }: Agreement,
  parent: SessionWithUser,
  grantId: string,
): Promise<NewGrant> {
  const dpopJkt = isPublic(client) ? jkt : null;
  const grant: Grant = {
    clientId: client.id,
    parentId,
    audience,
    scope,
    isOffline: isOffline({ scope }),
    dpopJkt,
  };
  const terms = termsOf(deps, grant, parent);
  const keeping = { store: stores.sessions, audit: stores.audit, clock: deps.clock };
  const { session, secret } = await keepSession(keeping, parent.user, from, terms, grant, grantId);
  const tokensEndBy = grant.isOffline ? terms.idleExpiresAt : parent.idleExpiresAt;
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

/**
 * Makes room for one more. Not in the grant's transaction, which holds the browser session: whoever signs out holds the grants
 * and waits for that one, and the two would stop each other for good.
 */
async function endOldest(
  { sessions, stores }: OAuthDependencies,
  { id }: Client,
  { parentId }: Agreement,
): Promise<void> {
  const ids = await stores.sessions.listOnlineGrants(parentId, id, MAX_ONLINE_GRANTS - 1);
  if (ids.length === 0) return;
  const event = { actorId: null, client: null, details: {} };
  // Nobody has signed out.
  await endSessions(sessions, { kind: "ids", ids, ownedBy: null }, "replaced", event, { isTold: false });
}

const isOffline = ({ scope }: Pick<Agreement, "scope">): boolean => wordsOf(scope).includes(OFFLINE_ACCESS);

const over = (description: string): OAuthError => new OAuthError("invalid_grant", description);
