import type { Client } from "@/lib/audit/events";
import { sha256 } from "@/lib/crypto/derive-key";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import type { Credentials } from "@/lib/sessions/credentials";
import { announceEnded, sessionEnding } from "@/lib/sessions/end-sessions";
import { requireGoodPassword } from "./credentials-input";
import type { IdentityDependencies, IdentityStores } from "./dependencies";
import { requireLink } from "./one-time-links";
import { requireAttempt } from "./rate-limiter";
import { replaceSession } from "./sign-in";
import type { User } from "./user-store";

export interface PasswordChange {
  currentPassword: string;
  newPassword: string;
}

/**
 * Changes a signed-in person's password. All their sessions end, and this browser gets a new one.
 * Throws `current_password_wrong`, `rate_limited`, `invalid_request` for a password that may not be chosen.
 */
export async function changePassword(
  deps: IdentityDependencies,
  userId: string,
  change: PasswordChange,
  client: Client,
): Promise<Credentials> {
  const user = await requireUser(deps, userId);
  await requireAttempt(deps.rateLimiter, "passwordCheckByUser", userId);
  if (!(await deps.hasher.verify(change.currentPassword, user.passwordHash))) {
    throw new LatchkeyError("current_password_wrong");
  }
  await deps.rateLimiter.forgive("passwordCheckByUser", userId);
  requireGoodPassword("newPassword", change.newPassword, user.email);
  const changed = await setPassword(deps, user, change.newPassword, client, async (stores) => {
    if ((await stores.users.lockUnchanged(userId, user.passwordHash)) === null) {
      throw new LatchkeyError("current_password_wrong", { reason: "it was changed meanwhile" });
    }
  });
  return replaceSession(deps, changed, client, null);
}

/**
 * Sets a password through an invitation or reset link, which works once, and signs the person in.
 * Every session they had ends. Throws `invalid_link`, `rate_limited`, `invalid_request`; a refused password leaves
 * the link as it was.
 */
export async function redeemPasswordLink(
  deps: IdentityDependencies,
  token: string,
  password: string,
  client: Client,
  replacedSessionId: string | null,
): Promise<Credentials> {
  const link = await requireLink(deps, token, ["invitation", "password_reset"], client);
  const user = await requireUser(deps, link.userId ?? "");
  if (user.status !== "active")
    throw new LatchkeyError("invalid_link", { reason: "the account is disabled" });
  requireGoodPassword("password", password, user.email);
  const changed = await setPassword(deps, user, password, client, async (stores) => {
    const consumed = await stores.links.consume(sha256(token), deps.clock.now());
    if (consumed === null) throw new LatchkeyError("invalid_link", { reason: "used meanwhile" });
    await stores.audit.record({
      at: deps.clock.now(),
      type: "one_time_link.consumed",
      actorId: user.id,
      userId: user.id,
      sessionId: null,
      client,
      details: { purpose: link.purpose },
    });
  });
  return replaceSession(deps, changed, client, replacedSessionId);
}

async function requireUser(deps: IdentityDependencies, userId: string): Promise<User> {
  const user = await deps.users.find(userId);
  if (user === null) throw new LatchkeyError("not_found");
  return user;
}

/** The password, the end of every session and the event: all or nothing. `first` may still refuse. */
async function setPassword(
  deps: IdentityDependencies,
  user: User,
  password: string,
  client: Client,
  first: (stores: IdentityStores) => Promise<void>,
): Promise<User> {
  const passwordHash = await deps.hasher.hash(password);
  const now = deps.clock.now();
  const selection = { kind: "user", userId: user.id, exceptId: null } as const;
  const event = { actorId: user.id, client, details: {} };
  const ended = await deps.atomically(async (stores) => {
    await first(stores);
    await stores.users.setPassword(user.id, passwordHash, now);
    await stores.links.withdrawAll(user.id, now);
    await stores.audit.record({
      at: now,
      type: "password.changed",
      userId: user.id,
      sessionId: null,
      ...event,
    });
    return stores.sessions.end(selection, sessionEnding(deps.sessionDependencies, "password_changed", event));
  });
  await announceEnded(deps.sessionDependencies, "password_changed", ended);
  return { ...user, passwordHash };
}
