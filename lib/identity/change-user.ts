import { type Actor, doneBy } from "@/lib/audit/actor";
import type { AuditEventType } from "@/lib/audit/events";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { announceEnded, sessionEnding } from "@/lib/sessions/end-sessions";
import type { IdentityDependencies } from "./dependencies";
import type { User, UserChange } from "./user-store";

/**
 * Changes a person's role or status. Disabling ends their sessions; so does a change of role, since tokens carry it.
 * Throws `not_found`, `last_administrator`.
 */
export async function changeUser(
  deps: IdentityDependencies,
  userId: string,
  change: UserChange,
  actor: Actor,
): Promise<User> {
  const now = deps.clock.now();
  const { user, reason, ended } = await deps.atomically(async (stores) => {
    const changed = await stores.users.change(userId, change);
    if (changed === null) throw new LatchkeyError("not_found");
    const { before, after } = changed;
    for (const type of eventsOf(before, after)) {
      await stores.audit.record({
        at: now,
        type,
        userId,
        ...doneBy(actor),
        details: { role: after.role },
      });
    }
    const reason = after.status === "disabled" ? ("account_disabled" as const) : ("role_changed" as const);
    if (after.status === before.status && after.role === before.role) {
      return { user: after, reason, ended: { endedIds: [], denials: [] } };
    }
    if (after.status === "disabled") await stores.links.withdrawAll(userId, now);
    const ending = sessionEnding(deps.sessionDependencies, reason, {
      actorId: actor.userId,
      client: actor.client,
      details: {},
    });
    const ended = await stores.sessions.end({ kind: "user", userId, exceptId: null }, ending);
    return { user: after, reason, ended };
  });
  await announceEnded(deps.sessionDependencies, reason, ended);
  return user;
}

function eventsOf(before: User, after: User): AuditEventType[] {
  const events: AuditEventType[] = [];
  if (before.role !== after.role) events.push("user.role_changed");
  if (before.status !== after.status)
    events.push(after.status === "disabled" ? "user.disabled" : "user.enabled");
  return events;
}

/** Changes the name a person goes by; null removes it. */
export async function changeName(
  deps: IdentityDependencies,
  userId: string,
  name: string | null,
  actor: Actor,
): Promise<void> {
  await deps.users.setName(userId, name);
  await deps.audit.record({
    at: deps.clock.now(),
    type: "user.name_changed",
    userId,
    ...doneBy(actor),
    details: {},
  });
}
