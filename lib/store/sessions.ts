import { addSeconds } from "@/lib/crypto/clock";
import type { Denial } from "@/lib/revocation/denial";
import type { Session, SessionUser, SessionWithUser } from "@/lib/sessions/session";
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
import { findSessions } from "./session-search";
import { PUBLIC_USER } from "./users";

const RECENT_SESSIONS = 100;

const withUser = { include: { user: { select: PUBLIC_USER } } } as const;

/** A row of `rotate`: the session's columns, and the person's under names of their own. */
type RotatedRow = Session & { [Member in keyof SessionUser as `user_${Member}`]: SessionUser[Member] };

export function createSessionStore(db: Database): SessionStore {
  return {
    insert: async (session) => {
      await db.session.create({ data: session });
    },

    rotate: async (proven, rotation) => {
      const [row] = await db.$queryRaw<RotatedRow[]>(rotateStatement(proven, rotation));
      return row === undefined ? null : toSessionWithUser(row);
    },

    find: (id) => db.session.findUnique({ where: { id }, ...withUser }),

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

    end: async (selection, ending) => {
      const rows = await db.$queryRaw<{ id: string; denied: boolean }[]>(endStatement(selection, ending));
      return {
        endedIds: rows.map(({ id }) => id),
        denials: rows.filter((row) => row.denied).map(toDenial(ending)),
      };
    },

    listLiveOfUser: async (userId, page, now) => {
      const { items: places, nextCursor } = await listPlaces(db, liveOf(userId), page, now);
      return { items: await db.session.findMany(rowsAt(places)), nextCursor };
    },

    listLiveIds: async (userId, page, now) => {
      const { items: places, nextCursor } = await listPlaces(db, liveOf(userId), page, now);
      return { items: places.map(({ id }) => id), nextCursor };
    },

    search: async (filter, page, now) => {
      const { items: places, nextCursor } = await listPlaces(db, filter, page, now);
      return { items: await db.session.findMany({ ...rowsAt(places), ...withUser }), nextCursor };
    },

    recentAddresses: async (userId) => {
      const rows = await db.session.findMany({
        where: { userId },
        orderBy: [{ createdAt: "desc" }, { id: "desc" }],
        take: RECENT_SESSIONS,
        select: { ip: true },
      });
      return [...new Set(rows.map(({ ip }) => ip))];
    },
  };
}

const liveOf = (userId: string | null): SessionFilter => ({ userId, state: "live", query: null });

const listPlaces = async (db: Database, filter: SessionFilter, page: Page, now: Date) =>
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
      AND s.secret_hash = ${proven.secretHash} AND s.ended_at IS NULL
      AND s.idle_expires_at > ${now} AND s.expires_at > ${now}
      AND u.id = s.user_id AND u.status = 'active'
    RETURNING s.id, s.user_id AS "userId", s.secret_hash AS "secretHash", s.generation,
      s.rotated_at AS "rotatedAt", s.acknowledged_generation AS "acknowledgedGeneration",
      s.acknowledged_at AS "acknowledgedAt", s.recovered_generation AS "recoveredGeneration",
      s.authenticated_at AS "authenticatedAt", s.created_at AS "createdAt", s.last_seen_at AS "lastSeenAt",
      s.idle_expires_at AS "idleExpiresAt", s.expires_at AS "expiresAt", s.ended_at AS "endedAt",
      s.end_reason::text AS "endReason", s.ip, s.user_agent AS "userAgent",
      u.id AS "user_id", u.email AS "user_email", u.name AS "user_name", u.role::text AS "user_role",
      u.status::text AS "user_status", u.created_at AS "user_createdAt"`;
}

function toSessionWithUser(row: RotatedRow): SessionWithUser {
  const { user_id, user_email, user_name, user_role, user_status, user_createdAt, ...session } = row;
  return {
    ...session,
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

/** One statement, so that a session never ends without its denial and its event, nor the other way round. */
function endStatement(
  selection: NamedSelection,
  { now, reason, denyUntil, quietSince, event }: SessionEnding,
) {
  return Prisma.sql`
    WITH ended AS (
      UPDATE sessions SET ended_at = ${now}, end_reason = ${reason}::session_end_reason
      WHERE id IN (
        SELECT id FROM sessions
        WHERE ${selected(selection)} AND ended_at IS NULL AND idle_expires_at > ${now} AND expires_at > ${now}
        -- In one order, so that two endings wait for each other and do not deadlock.
        ORDER BY id FOR UPDATE
      )
      RETURNING id, user_id, last_seen_at > ${quietSince} AS denied
    ), denied AS (
      INSERT INTO denials (kind, value, expires_at)
      SELECT 'sid', id, ${denyUntil} FROM ended WHERE denied
      ON CONFLICT (kind, value) DO UPDATE
      SET expires_at = GREATEST(denials.expires_at, EXCLUDED.expires_at),
          recorded_at = clock_timestamp(), recorded_by = pg_current_xact_id()
    ), recorded AS (
      INSERT INTO audit_events (at, type, actor_id, user_id, session_id, ip, user_agent, details)
      SELECT ${now}, ${event.type}, ${event.actorId}::uuid, user_id, id, ${event.client?.ip ?? null},
             ${event.client?.userAgent ?? null}, ${JSON.stringify(event.details)}::jsonb
      FROM ended
    )
    SELECT id, denied FROM ended`;
}

function selected(selection: NamedSelection): Prisma.Sql {
  if (selection.kind === "ids") {
    const owned =
      selection.ownedBy === null ? Prisma.empty : Prisma.sql`AND user_id = ${selection.ownedBy}::uuid`;
    return Prisma.sql`id = ANY(${[...selection.ids]}) ${owned}`;
  }
  const others = selection.exceptId === null ? Prisma.empty : Prisma.sql`AND id <> ${selection.exceptId}`;
  return Prisma.sql`user_id = ${selection.userId}::uuid ${others}`;
}

const toDenial =
  ({ denyUntil }: SessionEnding) =>
  ({ id }: { id: string }): Denial => ({ kind: "sid", value: id, expiresAt: denyUntil });
