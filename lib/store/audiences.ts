import type { Audience, AudienceChange, AudienceProfile, AudienceStore } from "@/lib/audiences/audience";
import type { EncryptionKey } from "@/lib/audiences/encryption-key";
import { decodeBase64url, encodeBase64url } from "@/lib/crypto/base64url";
import { isAlgorithm } from "@/lib/keys/algorithms";
import type { Database } from "./client";
import { unknownCursor } from "./cursor";
import { Prisma, type Audience as Row, type AudienceProfile as RowProfile } from "./generated/client";

const TO_ROW = { mesh: "mesh", "high-security": "high_security", legacy: "legacy" } as const satisfies Record<
  AudienceProfile,
  RowProfile
>;
const FROM_ROW = {
  mesh: "mesh",
  high_security: "high-security",
  legacy: "legacy",
} as const satisfies Record<RowProfile, AudienceProfile>;

export function createAudienceStore(db: Database): AudienceStore {
  return {
    find: async (identifier) => toAudience(await db.audience.findUnique({ where: { identifier } })),

    list: async ({ limit, cursor }) => {
      const after = cursor === null ? {} : { identifier: { gt: decodeCursor(cursor) } };
      const rows = await db.audience.findMany({
        where: after,
        orderBy: { identifier: "asc" },
        take: limit + 1,
      });
      const items = rows.slice(0, limit).flatMap((row) => toAudience(row) ?? []);
      const last = items.at(-1);
      return { items, nextCursor: rows.length > limit && last ? encodeCursor(last.identifier) : null };
    },

    // A taken identifier is no error of the statement, which would end the transaction it may be part of.
    insert: async (audience) => {
      const { identifier, profile, algorithm, createdAt, updatedAt, ...changing } = audience;
      const identity = { identifier, profile: TO_ROW[profile], algorithm, createdAt, updatedAt };
      const { lifetimeSeconds } = changing;
      const data = [{ ...identity, lifetimeSeconds, ...toColumns(changing) }];
      const { count } = await db.audience.createMany({ data, skipDuplicates: true });
      return count === 1;
    },

    change: async (identifier, change, now, seenAt) => {
      const data = { ...toColumns(change), updatedAt: now };
      const where = { identifier, ...(seenAt && { updatedAt: seenAt }) };
      const [row] = await db.audience.updateManyAndReturn({ where, data });
      return toAudience(row ?? null);
    },

    remove: async (identifier) => (await db.audience.deleteMany({ where: { identifier } })).count === 1,

    findByFeedTokenHash: async (hash) =>
      toAudience(
        await db.audience.findFirst({
          where: { OR: [{ feedTokenHash: hash }, { previousFeedTokenHash: hash }] },
        }),
      ),

    addFeedToken: async (identifier, hash) => {
      const changed = await db.$executeRaw`
        UPDATE audiences SET previous_feed_token_hash = feed_token_hash, feed_token_hash = ${hash}
        WHERE identifier = ${identifier}`;
      return changed === 1;
    },
  };
}

function toColumns({ lifetimeSeconds, scope, encryptionKey, jwksUri }: AudienceChange) {
  return {
    ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
    ...(scope === undefined ? {} : { scope }),
    ...(jwksUri === undefined ? {} : { jwksUri }),
    ...(encryptionKey === undefined ? {} : { encryptionJwk: toJson(encryptionKey) }),
  };
}

const toJson = (key: EncryptionKey | null) => (key === null ? Prisma.DbNull : { ...key.jwk, kid: key.kid });

function toAudience(row: Row | null): Audience | null {
  if (row === null) return null;
  const { profile, algorithm, encryptionJwk, feedTokenHash, previousFeedTokenHash: _, ...rest } = row;
  if (!isAlgorithm(algorithm)) {
    throw new Error(`Audience ${row.identifier} is for ${algorithm}, which this version does not know.`);
  }
  return {
    ...rest,
    profile: FROM_ROW[profile],
    algorithm,
    encryptionKey: encryptionJwk === null ? null : toKey(encryptionJwk as unknown as StoredKey),
    hasFeedToken: feedTokenHash !== null,
  };
}

type StoredKey = EncryptionKey["jwk"] & { kid: string };

const toKey = ({ kid, ...jwk }: StoredKey): EncryptionKey => ({ kid, jwk });

const encodeCursor = (identifier: string): string => encodeBase64url(Buffer.from(identifier));

function decodeCursor(cursor: string): string {
  const identifier = decodeBase64url(cursor)?.toString();
  // Postgres takes no NUL in a text.
  if (identifier !== undefined && !identifier.includes("\u0000")) return identifier;
  throw unknownCursor();
}
