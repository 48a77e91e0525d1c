import type { AuditEvent, AuditLog } from "@/lib/audit/events";
import { addSeconds } from "@/lib/crypto/clock";
import type { Denial, DenialStore } from "@/lib/revocation/denial";
import {
  clientIdOf,
  endsOfflineGrants,
  mayContinue,
  type Session,
  type SessionEndReason,
  type SessionState,
  type SessionUser,
  type SessionWithUser,
  sessionState,
} from "../session";
import type {
  Listing,
  NamedSelection,
  Page,
  ProvenGeneration,
  Rotation,
  SessionEnding,
  SessionFilter,
  SessionStore,
  SessionsOf,
} from "../session-store";

/** Sessions as their port promises them, in memory: a method does its work between two turns of the event loop. */
export class InMemorySessionStore implements SessionStore, AuditLog {
  readonly users = new Map<string, SessionUser>();
  readonly events: AuditEvent[] = [];
  /** The grants of which clients are to hear that they have ended. */
  readonly told: string[] = [];
  readonly #sessions = new Map<string, Session>();

  constructor(private readonly denials: DenialStore) {}

  async record(event: AuditEvent): Promise<void> {
    this.events.push(event);
  }

  async insert(session: Session): Promise<void> {
    if (this.#sessions.has(session.id)) throw new Error(`session ${session.id} exists`);
    this.#sessions.set(session.id, { ...session });
  }

  async find(id: string): Promise<SessionWithUser | null> {
    const session = this.#sessions.get(id);
    return session === undefined ? null : this.#withUser(session);
  }

  async rotate(
    proven: ProvenGeneration,
    { now, idleSeconds, client }: Rotation,
  ): Promise<SessionWithUser | null> {
    const session = this.#sessions.get(proven.sessionId);
    if (session === undefined || !isProven(session, proven) || sessionState(session, now) !== "live")
      return null;
    if (this.#userOf(session).status !== "active") return null;
    const idleExpiresAt = new Date(
      Math.min(addSeconds(now, idleSeconds).getTime(), session.expiresAt.getTime()),
    );
    const generation = session.generation + 1;
    Object.assign(session, { generation, rotatedAt: now, lastSeenAt: now, idleExpiresAt, ...client });
    return this.#withUser(session);
  }

  async acknowledge(id: string, generation: number, now: Date): Promise<boolean> {
    const session = this.#sessions.get(id);
    if (session === undefined || session.endedAt !== null || session.generation !== generation) return false;
    if (session.acknowledgedGeneration >= generation) return false;
    Object.assign(session, { acknowledgedGeneration: generation, acknowledgedAt: now, lastSeenAt: now });
    return true;
  }

  async markRecovered(id: string, generation: number, now: Date): Promise<boolean> {
    const session = this.#sessions.get(id);
    if (session === undefined || session.endedAt !== null || session.generation !== generation) return false;
    Object.assign(session, { recoveredGeneration: generation, lastSeenAt: now });
    return true;
  }

  async listOnlineGrants(parentId: string, clientId: string, newest: number): Promise<string[]> {
    const online = ({ grant, endedAt }: Session) =>
      grant?.parentId === parentId && grant.clientId === clientId && !grant.isOffline && endedAt === null;
    const found = this.#newestFirst().filter(online);
    return found.slice(newest).map(({ id }) => id);
  }

  async adoptGrants(userId: string, fromId: string, toId: string, now: Date): Promise<void> {
    if ((await this.holdLive(fromId, now)) === null) return;
    for (const { userId: owner, grant } of this.#sessions.values()) {
      if (owner === userId && grant?.parentId === fromId) grant.parentId = toId;
    }
  }

  async holdLive(id: string, now: Date): Promise<SessionWithUser | null> {
    const session = await this.find(id);
    return session !== null && mayContinue(session, now) ? session : null;
  }

  async end(
    selection: NamedSelection,
    ending: SessionEnding,
  ): Promise<{ endedIds: string[]; denials: Denial[] }> {
    const { now, reason, denyUntil, isTold, quietSince, event } = ending;
    const live = this.#newestFirst().filter((session) => sessionState(session, now) === "live");
    const selected = live.filter((session) => isSelected(session, selection));
    const ids = new Set(selected.map(({ id }) => id));
    const ended = live.filter((session) => ids.has(session.id) || endsWith(session, ids, reason));
    const denials: Denial[] = [];
    for (const session of ended) {
      const { id, userId } = session;
      Object.assign(session, { endedAt: now, endReason: reason });
      const clientId = clientIdOf(session);
      if (clientId !== null && isTold) this.told.push(id);
      const details = clientId === null ? event.details : { ...event.details, clientId };
      this.events.push({ ...event, details, at: now, userId, sessionId: id });
      if (session.lastSeenAt > quietSince) denials.push({ kind: "sid", value: id, expiresAt: denyUntil });
    }
    await Promise.all(denials.map((denial) => this.denials.deny(denial)));
    return { endedIds: ended.map(({ id }) => id), denials };
  }

  async listLiveOfUser(userId: string, page: Page, now: Date): Promise<Listing<Session>> {
    const live = (session: Session) =>
      session.userId === userId && session.grant === null && sessionState(session, now) === "live";
    return paged(this.#newestFirst().filter(live), page);
  }

  async listLiveGrants(userId: string, limit: number, now: Date): Promise<Session[]> {
    const live = (session: Session) =>
      session.userId === userId && session.grant !== null && sessionState(session, now) === "live";
    return this.#newestFirst().filter(live).slice(0, limit);
  }

  async listLiveIds(
    { userId, clientId, exceptId = null }: SessionsOf,
    page: Page,
    now: Date,
  ): Promise<Listing<string>> {
    const live = (session: Session) => sessionState(session, now) === "live";
    const theirs = this.#newestFirst()
      .filter((session) => userId === null || session.userId === userId)
      .filter((session) => clientId === null || clientIdOf(session) === clientId)
      .filter((session) => exceptId === null || isOutside(session, exceptId));
    const { items, nextCursor } = paged(theirs.filter(live), page);
    return { items: items.map(({ id }) => id), nextCursor };
  }

  async recentAddresses(userId: string): Promise<string[]> {
    const theirs = this.#newestFirst().filter(
      ({ userId: owner, grant }) => owner === userId && grant === null,
    );
    return [...new Set(theirs.map(({ ip }) => ip))];
  }

  async search(
    { query, userId, state, clientId }: SessionFilter,
    page: Page,
    now: Date,
  ): Promise<Listing<SessionWithUser>> {
    const found = this.#newestFirst()
      .map((session) => this.#withUser(session))
      .filter((session) => userId === null || session.userId === userId)
      .filter((session) => clientId === null || clientIdOf(session) === clientId)
      .filter((session) => state === null || isInState(session, state, now))
      .filter((session) => query === null || isNamed(session, query));
    return paged(found, page);
  }

  #newestFirst(): Session[] {
    return [...this.#sessions.values()].sort((a, b) => (isBefore(a, b) ? 1 : -1));
  }

  #withUser(session: Session): SessionWithUser {
    return { ...session, user: { ...this.#userOf(session) } };
  }

  #userOf({ userId }: Session): SessionUser {
    const user = this.users.get(userId);
    if (user === undefined) throw new Error(`no person ${userId}`);
    return user;
  }
}

const isProven = (session: Session, { generation, secretHash, clientId }: ProvenGeneration): boolean =>
  session.generation === generation &&
  clientIdOf(session) === clientId &&
  Buffer.compare(session.secretHash, secretHash) === 0;

const endsWith = ({ grant }: Session, parentIds: ReadonlySet<string>, reason: SessionEndReason): boolean =>
  grant !== null &&
  grant.parentId !== null &&
  parentIds.has(grant.parentId) &&
  (!grant.isOffline || endsOfflineGrants(reason));

/** Neither the session nor a grant that ends with it. */
const isOutside = ({ id, grant }: Session, exceptId: string): boolean =>
  id !== exceptId && (grant === null || grant.parentId !== exceptId || grant.isOffline);

function isSelected({ id, userId }: Session, selection: NamedSelection): boolean {
  if (selection.kind === "user") return userId === selection.userId && id !== selection.exceptId;
  return selection.ids.includes(id) && (selection.ownedBy === null || userId === selection.ownedBy);
}

const isInState = (session: Session, state: SessionState, now: Date): boolean =>
  state === "expired" ? session.endReason === "expired" : sessionState(session, now) === state;

function isNamed({ user, ip }: SessionWithUser, query: string): boolean {
  const part = query.toLowerCase();
  return (
    [user.email, user.name ?? ""].some((text) => text.toLowerCase().includes(part)) || ip.startsWith(part)
  );
}

type Place = Pick<Session, "createdAt" | "id">;

function isBefore(a: Place, b: Place): boolean {
  return a.createdAt.getTime() === b.createdAt.getTime() ? a.id < b.id : a.createdAt < b.createdAt;
}

function paged<Item extends Place>(sorted: Item[], { limit, cursor }: Page): Listing<Item> {
  const [createdAt = "", id = ""] = cursor?.split(" ") ?? [];
  const rest =
    cursor === null
      ? sorted
      : sorted.filter((item) => isBefore(item, { createdAt: new Date(createdAt), id }));
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  const isMore = rest.length > limit && last !== undefined;
  return { items, nextCursor: isMore ? `${last.createdAt.toISOString()} ${last.id}` : null };
}
