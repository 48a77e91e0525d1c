import { timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { isAlgorithm, isSymmetric } from "@/lib/keys/algorithms";
import { type Client, type ClientStore, GRANT_TYPES } from "@/lib/oauth/client";
import type { ClientKey } from "@/lib/oauth/client-jwks";
import type { Page } from "@/lib/sessions/session-store";
import { CLEARED_ROWS, deletion } from "./batch";
import type { Database } from "./client";
import { afterCursor, type IdType, NEWEST_FIRST, type Place, rowsAt, rowsToRead, toListing } from "./cursor";
import { Prisma, type Client as Row } from "./generated/client";

const CLIENT_ID: IdType = {
  schema: z.string().regex(/^client_[A-Za-z0-9_-]{22}$/),
  sqlType: Prisma.sql`text`,
};

/** What is left out: the newest secret's hash is read by `hasSecret` alone. */
const WITHOUT_SECRET = { secretHash: true } as const;

type Columns = Omit<Row, "jwks" | "secretHash" | "previousSecretHash">;

export function createClientStore(db: Database): ClientStore {
  return {
    // Anybody may name a client in any text.
    find: async (id) => {
      if (!CLIENT_ID.schema.safeParse(id).success) return null;
      const row = await db.client.findUnique({ where: { id }, omit: WITHOUT_SECRET });
      return row && toClient(row);
    },

    findAll: async (ids) => {
      const rows = await db.client.findMany({ where: { id: { in: [...ids] } }, omit: WITHOUT_SECRET });
      return rows.map(toClient);
    },

    list: async (page) => {
      const { items: places, nextCursor } = toListing(await findPlaces(db, page), page);
      const rows = await db.client.findMany({ ...rowsAt(places), omit: WITHOUT_SECRET });
      return { items: rows.map(toClient), nextCursor };
    },

    insert: async ({ jwks, ...client }, secretHash) => {
      await db.client.create({ data: { ...(client as Columns), jwks: toJson(jwks), secretHash } });
    },

    change: async (id, { jwks, ...change }, now, seenAt) => {
      const keys = jwks === undefined ? {} : { jwks: toJson(jwks) };
      const data = { ...(change as Partial<Columns>), ...keys, updatedAt: now };
      const where = { id, ...(seenAt && { updatedAt: seenAt }) };
      const [row] = await db.client.updateManyAndReturn({ where, data, omit: WITHOUT_SECRET });
      return row === undefined ? null : toClient(row);
    },

    remove: async (id) => (await db.client.deleteMany({ where: { id } })).count === 1,

    clearOut: async (id) => {
      const ended = Prisma.sql`client_id = ${id} AND end_reason IS NOT NULL`;
      return (await db.$executeRaw(deletion(Prisma.sql`sessions`, ended, CLEARED_ROWS))) > 0;
    },

    hasSecret: async (id, hash) => {
      const row = await db.client.findUnique({
        where: { id },
        select: { secretHash: true, previousSecretHash: true },
      });
      const secrets = [row?.secretHash, row?.previousSecretHash];
      // Compared with both, whichever it is.
      return secrets.filter((secret) => secret && timingSafeEqual(secret, hash)).length > 0;
    },

    addSecret: async (id, hash, now) => {
      const changed = await db.$executeRaw`
        UPDATE clients SET previous_secret_hash = secret_hash, secret_hash = ${hash}, updated_at = ${now}
        WHERE id = ${id} AND secret_hash IS NOT NULL`;
      return changed === 1;
    },

    endPreviousSecret: async (id, now) => {
      const { count } = await db.client.updateMany({
        where: { id, previousSecretHash: { not: null } },
        data: { previousSecretHash: null, updatedAt: now },
      });
      return count === 1;
    },

    // Locked before it is read, so that of two callers none returns the id that the other has just set aside.
    replaceTokensId: async (id, tokensId, now) => {
      const [former] = await db.$queryRaw<{ tokensId: string }[]>`
        UPDATE clients SET tokens_id = ${tokensId}, updated_at = ${now}
        FROM (SELECT id, tokens_id FROM clients WHERE id = ${id} FOR UPDATE) AS former
        WHERE clients.id = former.id
        RETURNING former.tokens_id AS "tokensId"`;
      return former?.tokensId ?? null;
    },

    hold: async (id) =>
      (await db.$queryRaw<unknown[]>`SELECT id FROM clients WHERE id = ${id} FOR KEY SHARE`).length === 1,

    isOrigin: async (origin) =>
      (await db.client.findFirst({ where: { origins: { has: origin } }, select: { id: true } })) !== null,
  };
}

const findPlaces = (db: Database, page: Page): Promise<Place[]> =>
  db.$queryRaw<Place[]>`
    SELECT id, created_at AS "createdAt" FROM clients
    WHERE ${afterCursor(page, CLIENT_ID)} ${NEWEST_FIRST} LIMIT ${rowsToRead(page)}`;

const toJson = (jwks: Client["jwks"]) =>
  jwks === null ? Prisma.DbNull : (jwks as { keys: object[] } as Prisma.InputJsonObject);

function toClient({
  previousSecretHash,
  algorithm,
  grantTypes,
  jwks,
  ...row
}: Omit<Row, "secretHash">): Client {
  if (!isPublishedAlgorithm(algorithm) || !grantTypes.every(isGrantType)) {
    throw new Error(
      `Client ${row.id} is for ${grantTypes} by ${algorithm}, which this version does not know.`,
    );
  }
  return {
    ...row,
    algorithm,
    grantTypes,
    jwks: jwks as { keys: ClientKey[] } | null,
    hasPreviousSecret: previousSecretHash !== null,
  };
}

const isPublishedAlgorithm = (name: string): name is Client["algorithm"] =>
  isAlgorithm(name) && !isSymmetric(name);

const isGrantType = (name: string): name is Client["grantTypes"][number] =>
  (GRANT_TYPES as readonly string[]).includes(name);
