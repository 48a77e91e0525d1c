import type { JWK } from "jose";
import { isAlgorithm } from "@/lib/keys/algorithms";
import type { SignatureCountStore } from "@/lib/keys/signature-counts";
import {
  isKeyUse,
  type KeyListing,
  type LiveKeys,
  type SigningKeyRecord,
  type SigningKeyStore,
} from "@/lib/keys/signing-key";
import type { Database } from "./client";
import type { Prisma, SigningKey } from "./generated/client";

/** Any constant: of many processes the one that holds it changes keys. */
const KEYS_LOCK = 7_234_004;

export function createSigningKeyStore(db: Database): SigningKeyStore & SignatureCountStore & KeyListing {
  return {
    listLive: () => readLive(db),

    // A statement of its own: what the former holder has changed is seen from the next one on.
    lockLive: async () => {
      await db.$queryRaw`SELECT pg_advisory_xact_lock(${KEYS_LOCK}::bigint)::text`;
      return readLive(db);
    },

    insert: async (record) => {
      const { kid, use, algorithm, custody, createdAt, publicJwk } = record;
      const identity = { kid, use, algorithm, createdAt, publicJwk: publicJwk as Prisma.InputJsonObject };
      await db.signingKey.create({ data: { ...identity, custody, ...changing(record) } });
    },

    update: async (record) => {
      const { kid, custody } = record;
      await db.signingKey.update({ where: { kid }, data: { custody, ...changing(record) } });
    },

    addSignatures: async (kid, signatures, lastAt) => {
      await db.$executeRaw`
        UPDATE signing_keys SET signed_count = signed_count + ${signatures}::bigint,
          last_signed_at = GREATEST(last_signed_at, ${lastAt})
        WHERE kid = ${kid}`;
    },

    list: async (limit) => {
      const rows = await db.signingKey.findMany({
        orderBy: [{ createdAt: "desc" }, { kid: "desc" }],
        take: limit,
      });
      return rows.map((row) => {
        const { sealedPrivateKey: _, ...record } = toRecord(row);
        return { ...record, signedCount: Number(row.signedCount), lastSignedAt: row.lastSignedAt };
      });
    },
  };
}

const changing = (record: SigningKeyRecord) => ({
  state: record.state,
  sealedPrivateKey: record.sealedPrivateKey,
  activatesAt: record.activatesAt,
  activatedAt: record.activatedAt,
  retiringAt: record.retiringAt,
  retiredAt: record.retiredAt,
  revokedAt: record.revokedAt,
  revokeReason: record.revokeReason,
});

async function readLive(db: Database): Promise<LiveKeys> {
  const rows = await db.signingKey.findMany({
    where: { state: { in: ["staged", "active", "retiring"] } },
    orderBy: [{ createdAt: "asc" }, { kid: "asc" }],
  });
  const [{ needed, now }] = await db.$queryRaw<[{ needed: string[]; now: Date }]>`
    SELECT clock_timestamp() AS now, ARRAY(
      SELECT algorithm FROM audiences WHERE profile <> 'legacy'
      UNION SELECT algorithm FROM clients ORDER BY algorithm
    ) AS needed`;
  return { keys: rows.map(toRecord), needed: needed.filter(isAlgorithm), now };
}

function toRecord(row: SigningKey): SigningKeyRecord {
  const { signedCount: _, lastSignedAt: __, use, algorithm, publicJwk, ...rest } = row;
  if (!isAlgorithm(algorithm) || !isKeyUse(use)) {
    throw new Error(
      `Signing key ${row.kid} is for ${use} by ${algorithm}, which this version does not know.`,
    );
  }
  return { ...rest, use, algorithm, publicJwk: publicJwk as JWK };
}
