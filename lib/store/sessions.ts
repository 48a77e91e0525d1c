import { addSeconds } from "@/lib/crypto/clock";
import type { Denial } from "@/lib/revocation/denial";
import {
  endsOfflineGrants,
  type Grant,
  mayContinue,
  type Session,
  type SessionEndReason,
  type SessionUser,
  type SessionWithUser,
} from "@/lib/sessions/session";
import type {
  NamedSelection,
  Page,
  ProvenGeneration,
  Rotation,
  SessionEnding,
  SessionFilter,
  SessionStore,
} from "@/lib/sessions/session-store";
import type { Database } from "./client";
import { rowsAt, toListing } from "./cursor";
import { Prisma } from "./generated/client";
import { type FoundSessions, findSessions } from "./session-search";
import { type Atomically, PUBLIC_USER } from "./users";

const RECENT_SESSIONS = 100;
const MAX_OLDER_GRANTS = 100;

const withUser = { include: { user: { select: PUBLIC_USER } } } as const;

/** A grant's columns, which are null in the row of a browser session. */
type GrantColumns = { [Member in keyof Grant]: Grant[Member] | null };
type SessionRow = Omit<Session, "grant"> & GrantColumns;

/** A row of `rotate`: the session's columns, and the person's under names of their own. */
type RotatedRow = SessionRow & { [Member in keyof SessionUser as `user_${Member}`]: SessionUser[Member] };

export function createSessionStore(db: Database, atomically: Atomically): SessionStore {
  return {
    insert: async ({ grant, ...session }) => {
      await db.session.create({ data: { ...session, ...grant } });
    },

    rotate: async (proven, rotation) => {
      const [row] = await db.$queryRaw<RotatedRow[]>(rotateStatement(proven, rotation));
      return row === undefined ? null : toSessionWithUser(row);
    },

    find: (id) => find(db, id),

    holdLive: async (id, now) => {
      await db.$queryRaw`SELECT id FROM sessions WHERE id = ${id} FOR SHARE`;
      return findLive(db, id, now);
    },

    acknowledge: async (id, generation, now) => {
      const { count } = await db.session.updateMany({
        where: { id, generation, acknowledgedGeneration: { lt: generation }, endedAt: null },
        data: { acknowledgedGeneration: generation, acknowledgedAt: now, lastSeenAt: now },
      });
      return count === 1;
    },

    markRecovered: async (id, generation, now) => {
      const { count } = await db.session.updateMany({
        where: { id, generation, endedAt: null },
        data: { recoveredGeneration: generation, lastSeenAt: now },
      });
      return count === 1;
    },

    listOnlineGrants: async (parentId, clientId, newest) => {
      const rows = await db.session.findMany({
        where: { parentId, clientId, isOffline: false, endedAt: null },
        orderBy: [{ createdAt: "desc" }, { id: "desc" }],
        skip: newest,
        take: MAX_OLDER_GRANTS,
        select: { id: true },
      });
      return rows.map(({ id }) => id);
    },

    adoptGrants: (userId, fromId, toId, now) =>
      atomically(async (tx) => {
        // All of it first, in the order in which an ending holds it.
        await tx.$queryRaw`
          SELECT id FROM sessions WHERE id = ${fromId} OR parent_id = ${fromId} ORDER BY id FOR UPDATE`;
        if ((await findLive(tx, fromId, now)) === null) return;
        const from = { where: { userId, parentId: fromId }, data: { parentId: toId } };
        await tx.authorizationCode.updateMany(from);
        await tx.deviceAuthorization.updateMany(from);
        await tx.session.updateMany(from);
      }),

    end: async (selection, ending) => {
      const rows = await atomically((tx) => endAll(tx, selection, ending));
      return {
        endedIds: rows.map(({ id }) => id),
        denials: rows.filter((row) => row.denied).map(toDenial(ending)),
      };
    },

    listLiveOfUser: async (userId, page, now) => {
      const { items: places, nextCursor } = await listPlaces(
        db,
        { ...liveOf({ userId }), isBrowser: true },
        page,
        now,
      );
      const rows = await db.session.findMany(rowsAt(places));
      return { items: rows.map(toSession), nextCursor };
    },

    listLiveGrants: async (userId, limit, now) => {
      const rows = await db.session.findMany({
        where: { userId, clientId: { not: null }, endReason: null, idleExpiresAt: { gt: now } },
        orderBy: [{ createdAt: "desc" }, { id: "desc" }],
        take: limit,
      });
      return rows.map(toSession);
    },

    listLiveIds: async (whose, page, now) => {
      const { items: places, nextCursor } = await listPlaces(db, liveOf(whose), page, now);
      return { items: places.map(({ id }) => id), nextCursor };
    },

    search: async (filter, page, now) => {
      const { items: places, nextCursor } = await listPlaces(db, filter, page, now);
      const rows = await db.session.findMany({ ...rowsAt(places), ...withUser });
      return { items: rows.map(toSession), nextCursor };
    },

    recentAddresses: async (userId) => {
      const rows = await db.session.findMany({
        where: { userId, clientId: null },
        orderBy: [{ createdAt: "desc" }, { id: "desc" }],
        take: RECENT_SESSIONS,
        select: { ip: true },
      });
      return [...new Set(rows.map(({ ip }) => ip))];
    },
  };
}

async function find(db: Database, id: string): Promise<SessionWithUser | null> {
  const row = await db.session.findUnique({ where: { id }, ...withUser });
  return row === null ? null : toSession(row);
}

async function findLive(db: Database, id: string, now: Date): Promise<SessionWithUser | null> {
  const session = await find(db, id);
  return session !== null && mayContinue(session, now) ? session : null;
}

const liveOf = (whose: Partial<SessionFilter>): SessionFilter => ({
  userId: null,
  clientId: null,
  query: null,
  ...whose,
  state: "live",
});

const listPlaces = async (db: Database, filter: FoundSessions, page: Page, now: Date) =>
  toListing(await findSessions(db, filter, page, now), page);

/** One statement: the comparison, the new generation and the person it needs for the next token. */
function rotateStatement(proven: ProvenGeneration, { now, idleSeconds, client }: Rotation): Prisma.Sql {
  return Prisma.sql`
    UPDATE sessions s
    SET generation = s.generation + 1, rotated_at = ${now}, last_seen_at = ${now},
        idle_expires_at = LEAST(s.expires_at, ${addSeconds(now, idleSeconds)}::timestamptz),
        ip = ${client.ip}, user_agent = ${client.userAgent}
    FROM users u
    WHERE s.id = ${proven.sessionId} AND s.generation = ${proven.generation}
      AND s.client_id IS NOT DISTINCT FROM ${proven.clientId}
      AND s.secret_hash = ${proven.secretHash} AND s.ended_at IS NULL
      AND s.idle_expires_at > ${now} AND s.expires_at > ${now}
      AND u.id = s.user_id AND u.status = 'active'
    RETURNING s.id, s.user_id AS "userId", s.secret_hash AS "secretHash", s.generation,
      s.rotated_at AS "rotatedAt", s.acknowledged_generation AS "acknowledgedGeneration",
      s.acknowledged_at AS "acknowledgedAt", s.recovered_generation AS "recoveredGeneration",
      s.authenticated_at AS "authenticatedAt", s.created_at AS "createdAt", s.last_seen_at AS "lastSeenAt",
      s.idle_expires_at AS "idleExpiresAt", s.expires_at AS "expiresAt", s.ended_at AS "endedAt",
      s.end_reason::text AS "endReason", s.ip, s.user_agent AS "userAgent", s.client_id AS "clientId",
      s.parent_id AS "parentId", s.audience, s.scope, s.is_offline AS "isOffline", s.dpop_jkt AS "dpopJkt",
      u.id AS "user_id", u.email AS "user_email", u.name AS "user_name", u.role::text AS "user_role",
      u.status::text AS "user_status", u.created_at AS "user_createdAt"`;
}

function toSessionWithUser(row: RotatedRow): SessionWithUser {
  const { user_id, user_email, user_name, user_role, user_status, user_createdAt, ...session } = row;
  return {
    ...toSession(session),
    user: {
      id: user_id,
      email: user_email,
      name: user_name,
      role: user_role,
      status: user_status,
      createdAt: user_createdAt,
    },
  };
}

/** The session of a row, with whatever else the row has. */
function toSession<Row extends SessionRow>(
  row: Row,
): Omit<Row, keyof GrantColumns | "idleExpiresOn"> & { grant: Grant | null } {
  const {
    clientId,
    parentId,
    audience,
    scope,
    isOffline,
    dpopJkt,
    idleExpiresOn: _,
    ...session
  } = row as Row & {
    idleExpiresOn?: unknown;
  };
  const isGrant = clientId !== null && audience !== null && scope !== null;
  const grant = isGrant
    ? { clientId, parentId, audience, scope, isOffline: isOffline === true, dpopJkt }
    : null;
  return { ...session, grant };
}

interface EndedRow {
  id: string;
  denied: boolean;
  isGrant: boolean;
}

async function endAll(tx: Database, selection: NamedSelection, ending: SessionEnding): Promise<EndedRow[]> {
  const ended = await tx.$queryRaw<EndedRow[]>(endStatement(endedWith(selection, ending), ending));
  const browsers = ended.filter(({ isGrant }) => !isGrant).map(({ id }) => id);
  if (browsers.length === 0) return ended;
  // A grant that was given while the statement above waited is one that it could not see.
  const late = await tx.$queryRaw<EndedRow[]>(endStatement(grantsOf(browsers, ending.reason), ending));
  if (!endsOfflineGrants(ending.reason)) await tellOfSignOut(tx, browsers, ending.now);
  return [...ended, ...late];
}

/** Clients whose grants go on: the person is signed out of them too (OpenID Connect Back-Channel Logout 1.0 section 2.7). */
async function tellOfSignOut(tx: Database, browsers: readonly string[], now: Date): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO logout_deliveries (client_id, user_id, session_id, created_at, next_attempt_at)
    SELECT clients.id, s.user_id, s.id, ${now}, ${now}
    FROM sessions s JOIN clients ON clients.id = s.client_id
    WHERE s.parent_id = ANY(${[...browsers]}) AND s.is_offline
      AND s.ended_at IS NULL AND s.idle_expires_at > ${now} AND s.expires_at > ${now}
      AND clients.backchannel_logout_uri IS NOT NULL`;
}

/** The selected sessions, and the grants that end with them: those of a person are among the person's sessions. */
function endedWith(selection: NamedSelection, { reason }: SessionEnding): Prisma.Sql {
  if (selection.kind === "user") {
    const others = selection.exceptId === null ? Prisma.empty : Prisma.sql`AND id <> ${selection.exceptId}`;
    return Prisma.sql`user_id = ${selection.userId}::uuid ${others}`;
  }
  const { ids, ownedBy } = selection;
  const owned = ownedBy === null ? Prisma.empty : Prisma.sql`AND user_id = ${ownedBy}::uuid`;
  return Prisma.sql`id IN (
    SELECT unnest(${[...ids]}::text[]) UNION ALL SELECT id FROM sessions WHERE ${grantsOf(ids, reason)}
  ) ${owned}`;
}

const grantsOf = (parentIds: readonly string[], reason: SessionEndReason): Prisma.Sql =>
  Prisma.sql`parent_id = ANY(${[...parentIds]}) AND ${isEndedBy(reason)}`;

const isEndedBy = (reason: SessionEndReason): Prisma.Sql =>
  endsOfflineGrants(reason) ? Prisma.sql`TRUE` : Prisma.sql`NOT is_offline`;

/** One statement, so that a session never ends without its denial, its event and its client hearing of it. */
function endStatement(
  condition: Prisma.Sql,
  { now, reason, denyUntil, isTold, quietSince, event }: SessionEnding,
): Prisma.Sql {
  return Prisma.sql`
    WITH ended AS (
      UPDATE sessions SET ended_at = ${now}, end_reason = ${reason}::session_end_reason
      WHERE id IN (
        SELECT id FROM sessions
        WHERE ${condition} AND ended_at IS NULL AND idle_expires_at > ${now} AND expires_at > ${now}
        -- In one order, so that two endings wait for each other and do not deadlock.
        ORDER BY id FOR UPDATE
      )
      RETURNING id, user_id, client_id, last_seen_at > ${quietSince} AS denied
    ), denied AS (
      INSERT INTO denials (kind, value, expires_at)
      SELECT 'sid', id, ${denyUntil} FROM ended WHERE denied
      ON CONFLICT (kind, value) DO UPDATE
      SET expires_at = GREATEST(denials.expires_at, EXCLUDED.expires_at),
          recorded_at = clock_timestamp(), recorded_by = pg_current_xact_id()
    ), told AS (
      INSERT INTO logout_deliveries (client_id, user_id, session_id, created_at, next_attempt_at)
      SELECT clients.id, ended.user_id, ended.id, ${now}, ${now}
      FROM ended JOIN clients ON clients.id = ended.client_id
      WHERE ${isTold} AND clients.backchannel_logout_uri IS NOT NULL
    ), recorded AS (
      INSERT INTO audit_events (at, type, actor_id, user_id, session_id, ip, user_agent, details)
      SELECT ${now}, ${event.type}, ${event.actorId}::uuid, user_id, id, ${event.client?.ip ?? null},
             ${event.client?.userAgent ?? null},
             ${JSON.stringify(event.details)}::jsonb
               || CASE WHEN client_id IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('clientId', client_id) END
      FROM ended
    )
    SELECT id, denied, client_id IS NOT NULL AS "isGrant" FROM ended`;
}

const toDenial =
  ({ denyUntil }: SessionEnding) =>
  ({ id }: { id: string }): Denial => ({ kind: "sid", value: id, expiresAt: denyUntil });
