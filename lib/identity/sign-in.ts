import type { Client } from "@/lib/audit/events";
import { hasCode, LatchkeyError } from "@/lib/errors/latchkey-error";
import { addressBucket } from "@/lib/policy/client-address";
import type { Credentials } from "@/lib/sessions/credentials";
import { endSessions } from "@/lib/sessions/end-sessions";
import { mayContinue, toSessionUser } from "@/lib/sessions/session";
import { startSession } from "@/lib/sessions/start-session";
import type { IdentityDependencies } from "./dependencies";
import type { Refusal } from "./rate-limiter";
import type { User } from "./user-store";

export interface SignInInput {
  email: string;
  password: string;
}

/**
 * Signs a person in: a new session always, and the one this browser had before ends.
 * Throws `invalid_credentials`, the same after the same work for an unknown address, a wrong password and a disabled
 * account, and `rate_limited`.
 */
export async function signIn(
  deps: IdentityDependencies,
  input: SignInInput,
  client: Client,
  replacedSessionId: string | null,
): Promise<Credentials> {
  try {
    const credentials = await attemptSignIn(deps, input, client, replacedSessionId);
    deps.metrics.signIns.inc("succeeded");
    return credentials;
  } catch (error) {
    if (hasCode(error, "invalid_credentials")) deps.metrics.signIns.inc("failed");
    if (hasCode(error, "rate_limited")) deps.metrics.signIns.inc("limited");
    throw error;
  }
}

async function attemptSignIn(
  deps: IdentityDependencies,
  input: SignInInput,
  client: Client,
  replacedSessionId: string | null,
): Promise<Credentials> {
  const user = await deps.users.findByEmail(input.email);
  const place = await placeOf(deps, user, client, replacedSessionId);
  await spendAttempt(deps, input.email, user, place);
  const isRight = await deps.hasher.verify(input.password, user?.passwordHash ?? null);
  if (user === null || !isRight || user.status !== "active") return refuse(deps, user, client);
  const credentials = await replaceSession(deps, user, client, replacedSessionId);
  await forgiveAttempts(deps, input.email, place);
  return credentials;
}

/**
 * Starts a session and ends the one that the same browser had. Throws `invalid_credentials` when the person was
 * disabled, or got another password, since `user` was read.
 */
export async function replaceSession(
  deps: IdentityDependencies,
  user: User,
  client: Client,
  replacedSessionId: string | null,
): Promise<Credentials> {
  // Before the transaction, which must not wait for another connection: the embedded database has one alone.
  await deps.sessionDependencies.requireSigner();
  const credentials = await deps.atomically(async (stores) => {
    const held = await stores.users.lockUnchanged(user.id, user.passwordHash);
    if (held === null) {
      throw new LatchkeyError("invalid_credentials", { reason: "the person was changed meanwhile" });
    }
    const sessionDependencies = {
      ...deps.sessionDependencies,
      store: stores.sessions,
      audit: stores.audit,
      requireSigner: async () => {},
    };
    return startSession(sessionDependencies, toSessionUser(held), client);
  });
  if (replacedSessionId !== null) {
    await deps.sessions.adoptGrants(user.id, replacedSessionId, credentials.session.id, deps.clock.now());
    const selection = { kind: "ids", ids: [replacedSessionId], ownedBy: null } as const;
    await endSessions(deps.sessionDependencies, selection, "replaced", {
      actorId: user.id,
      client,
      details: {},
    });
  }
  return credentials;
}

/** Where an attempt comes from, as far as the account it is at knows it. */
interface Place {
  client: Client;
  /** The session that this browser has brought is this person's. */
  ownSessionId: string | null;
}

/** The browser of an account's own session is held apart from whoever shares its address. */
const pairOf = (email: string, { client, ownSessionId }: Place): string =>
  ownSessionId === null ? `${email} ${addressBucket(client.ip)}` : `${email} session ${ownSessionId}`;

/** The same work whether the account exists or not. */
async function placeOf(
  deps: IdentityDependencies,
  user: User | null,
  client: Client,
  sessionId: string | null,
): Promise<Place> {
  const session = sessionId === null ? null : await deps.sessions.find(sessionId);
  if (session === null || session.grant !== null) return { client, ownSessionId: null };
  const isOwn = session.userId === user?.id && mayContinue(session, deps.clock.now());
  return { client, ownSessionId: isOwn ? session.id : null };
}

/**
 * Three limits: one address against everybody, one address against one account, and everybody against one account.
 * A browser that the account has a session in has a count of its own, and a network that it has signed in from is not
 * held to the last limit: strangers cannot lock the owner out of either.
 */
async function spendAttempt(deps: IdentityDependencies, email: string, user: User | null, place: Place) {
  const refusal =
    place.ownSessionId === null
      ? await spendStrangersAttempt(deps, email, user, place)
      : await deps.rateLimiter.spend("signInFailureByAccountAndAddress", pairOf(email, place));
  if (refusal === null) return;
  // One event a window: a flood of attempts is not a flood of writes.
  if (refusal.isFirst) {
    await deps.audit.record({ ...eventOf(deps, user, place.client), type: "sign_in.limited" });
  }
  throw new LatchkeyError("rate_limited", { retryAfterSeconds: refusal.retryAfterSeconds });
}

async function spendStrangersAttempt(
  deps: IdentityDependencies,
  email: string,
  user: User | null,
  place: Place,
): Promise<Refusal | null> {
  return (
    (await deps.rateLimiter.spend("signInByAddress", addressBucket(place.client.ip))) ??
    (await deps.rateLimiter.spend("signInFailureByAccountAndAddress", pairOf(email, place))) ??
    (await spendAccountAttempt(deps, email, user, place.client))
  );
}

async function spendAccountAttempt(
  deps: IdentityDependencies,
  email: string,
  user: User | null,
  client: Client,
): Promise<Refusal | null> {
  const refusal = await deps.rateLimiter.spend("signInFailureByAccount", email);
  if (refusal === null || user === null) return refusal;
  const known = await deps.sessions.recentAddresses(user.id);
  return known.some((ip) => addressBucket(ip) === addressBucket(client.ip)) ? null : refusal;
}

async function forgiveAttempts(deps: IdentityDependencies, email: string, place: Place): Promise<void> {
  await deps.rateLimiter.forgive("signInFailureByAccountAndAddress", pairOf(email, place));
  await deps.rateLimiter.forgive("signInFailureByAccount", email);
}

async function refuse(deps: IdentityDependencies, user: User | null, client: Client): Promise<never> {
  await deps.audit.record({ ...eventOf(deps, user, client), type: "sign_in.failed" });
  throw new LatchkeyError("invalid_credentials");
}

function eventOf(deps: IdentityDependencies, user: User | null, client: Client) {
  return {
    at: deps.clock.now(),
    actorId: null,
    userId: user?.id ?? null,
    sessionId: null,
    client,
    details: {},
  };
}
