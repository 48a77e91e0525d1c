import { LatchkeyError } from "@/lib/errors/latchkey-error";
import type { NewUser, User, UserChange, UserStore } from "@/lib/identity/user-store";
import type { Page } from "@/lib/sessions/session-store";
import type { Database } from "./client";
import { afterCursor, NEWEST_FIRST, type Place, rowsAt, rowsToRead, toListing, USER_ID } from "./cursor";
import { Prisma } from "./generated/client";
import { findNewest, namesPerson } from "./text-search";

/** What a session or a list may carry of a person: everything but the password hash. */
export const PUBLIC_USER = {
  id: true,
  email: true,
  name: true,
  role: true,
  status: true,
  createdAt: true,
} as const;

/** Any constant: all who create the first person queue behind it. */
const FIRST_USER_LOCK = 7_234_001;

/** Who can sign in and manage people; an invited administrator has not yet chosen a password. */
const ACTIVE_ADMINS = Prisma.sql`
  SELECT id FROM users WHERE role = 'admin' AND status = 'active' AND password_hash IS NOT NULL ORDER BY id FOR UPDATE`;

export function createUserStore(db: Database, atomically: Atomically): UserStore {
  return {
    findByEmail: (email) => db.user.findUnique({ where: { email } }),
    find: (id) => db.user.findUnique({ where: { id } }),
    isEmpty: async () => (await db.user.findFirst({ select: { id: true } })) === null,
    insert: (user) => insert(db, user),

    insertFirst: (user) =>
      atomically(async (tx) => {
        await tx.$executeRaw`SELECT pg_advisory_xact_lock(${FIRST_USER_LOCK})`;
        return (await tx.user.findFirst({ select: { id: true } })) === null ? insert(tx, user) : null;
      }),

    lockUnchanged: async (id, passwordHash) => {
      await db.$queryRaw`SELECT 1 FROM users WHERE id = ${id}::uuid FOR UPDATE`;
      return db.user.findFirst({ where: { id, passwordHash, status: "active" } });
    },

    setPassword: async (id, passwordHash, now) => {
      await db.user.update({ where: { id }, data: { passwordHash, passwordChangedAt: now } });
    },

    setName: async (id, name) => {
      await db.user.update({ where: { id }, data: { name } });
    },

    change: (id, change) => atomically((tx) => changeUser(tx, id, change)),

    list: async ({ query }, page) => {
      const { items: places, nextCursor } = toListing(await findUsers(db, query, page), page);
      return { items: await db.user.findMany(rowsAt(places)), nextCursor };
    },
  };
}

export type Atomically = <Result>(work: (tx: Database) => Promise<Result>) => Promise<Result>;

/** A taken address is no error of the statement, which would end the transaction it may be part of. */
async function insert(db: Database, user: NewUser): Promise<User | null> {
  const passwordChangedAt = user.passwordHash === null ? null : user.createdAt;
  const [inserted] = await db.user.createManyAndReturn({
    data: [{ ...user, passwordChangedAt }],
    skipDuplicates: true,
  });
  return inserted ?? null;
}

async function changeUser(tx: Database, id: string, { role, status }: UserChange) {
  const admins = await tx.$queryRaw<{ id: string }[]>(ACTIVE_ADMINS);
  const before = await tx.user.findUnique({ where: { id } });
  if (before === null) return null;
  const after = { ...before, role: role ?? before.role, status: status ?? before.status };
  const staysAdmin = after.role === "admin" && after.status === "active";
  if (!staysAdmin && admins.every((admin) => admin.id === id) && admins.length > 0) {
    throw new LatchkeyError("last_administrator");
  }
  await tx.user.update({ where: { id }, data: { role: after.role, status: after.status } });
  return { before, after };
}

function findUsers(db: Database, query: string | null, page: Page): Promise<Place[]> {
  const after = afterCursor(page, USER_ID);
  const rows = Prisma.sql`users WHERE ${after}`;
  if (query === null) {
    return db.$queryRaw<Place[]>`
      SELECT id, created_at AS "createdAt" FROM ${rows} ${NEWEST_FIRST} LIMIT ${rowsToRead(page)}`;
  }
  const isMatch = namesPerson(query);
  const matches = Prisma.sql`SELECT id, created_at FROM users WHERE ${isMatch} AND ${after}`;
  return findNewest(db, { rows, isMatch, matches }, page);
}
