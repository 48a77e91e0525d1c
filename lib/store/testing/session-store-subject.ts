import { randomUUID } from "node:crypto";
import type { AuditEvent } from "@/lib/audit/events";
import { randomId } from "@/lib/crypto/random";
import type { Session, SessionUser } from "@/lib/sessions/session";
import type { SessionStoreSubject } from "@/lib/sessions/testing/session-store-contract";
import type { PrismaClient } from "../generated/client";
import type { DatabaseStores } from "../stores";

const CREATED_AT = new Date("2026-01-01T00:00:00Z");

/** Empties the tables that a session needs and hands out the store over them; audit events can only be left. */
export async function sessionStoreSubject(
  db: PrismaClient,
  stores: DatabaseStores,
): Promise<SessionStoreSubject> {
  await db.denial.deleteMany();
  await db.user.deleteMany();
  await db.client.deleteMany();
  const { id: lastId } = (await db.auditEvent.findFirst({ orderBy: { id: "desc" } })) ?? { id: 0n };
  return {
    store: stores.sessions,
    denials: stores.denials,
    addUser: (user) => addUser(db, user),
    addClient: () => addClient(db),
    toldOf: async () =>
      (await db.logoutDelivery.findMany({ orderBy: { id: "asc" } })).map(({ sessionId }) => sessionId),
    readEvents: async () => {
      const rows = await db.auditEvent.findMany({ where: { id: { gt: lastId } }, orderBy: { id: "asc" } });
      return rows.map(({ ip, userAgent, type, actorId, userId, sessionId, details }) => ({
        type: type as AuditEvent["type"],
        actorId,
        userId,
        sessionId,
        client: ip === null ? null : { ip, userAgent: userAgent ?? "" },
        details: details as AuditEvent["details"],
      }));
    },
  };
}

export async function addUser(db: PrismaClient, overrides: Partial<SessionUser>): Promise<SessionUser> {
  const user = { id: randomUUID(), email: `${randomUUID()}@example.test`, name: null, role: "user" } as const;
  const data: SessionUser = { ...user, status: "active", createdAt: CREATED_AT, ...overrides };
  // As somebody who has chosen a password: only then may they sign in, and count as an administrator.
  await db.user.create({ data: { ...data, passwordHash: "of no password" } });
  return data;
}

async function addClient(db: PrismaClient): Promise<string> {
  const id = `client_${randomId()}`;
  const lists = { grantTypes: ["authorization_code"], redirectUris: [], postLogoutRedirectUris: [] };
  await db.client.create({
    data: {
      ...lists,
      id,
      name: "An app",
      authMethod: "none",
      scope: "openid",
      algorithm: "ES256",
      requiresDpop: false,
      requiresPushedRequests: false,
      backchannelLogoutUri: "https://app.example/logout",
      tokensId: randomId(),
      createdAt: CREATED_AT,
      updatedAt: CREATED_AT,
    },
  });
  return id;
}

/** Writes so many sessions like one that is there: each a second older than the last, with an id of its own. */
export async function copySession(
  db: PrismaClient,
  { id }: Pick<Session, "id">,
  count: number,
): Promise<void> {
  await db.$executeRaw`
    INSERT INTO sessions (id, user_id, secret_hash, generation, rotated_at, acknowledged_generation, acknowledged_at,
      authenticated_at, created_at, last_seen_at, idle_expires_at, expires_at, ended_at, end_reason, ip, user_agent)
    SELECT left(md5(id || n), 22), user_id, secret_hash, generation, rotated_at, acknowledged_generation, acknowledged_at,
      authenticated_at, created_at - n * interval '1 s', last_seen_at, idle_expires_at, expires_at, ended_at, end_reason,
      ip, user_agent
    FROM sessions, generate_series(1, ${count}::int) AS n WHERE id = ${id}`;
}
