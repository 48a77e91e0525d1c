import type { JWK } from "jose";
import { isAlgorithm } from "@/lib/keys/algorithms";
import type { SigningKeyRecord, SigningKeyStore } from "@/lib/keys/signing-key";
import { type Database, isUniqueViolation } from "./client";
import type { Prisma, SigningKey } from "./generated/client";

export function createSigningKeyStore(db: Database): SigningKeyStore {
  return {
    listLive: async () => {
      const rows = await db.signingKey.findMany({
        where: { state: { in: ["staged", "active", "retiring"] } },
        orderBy: { createdAt: "asc" },
      });
      return rows.map(toRecord);
    },

    insertActive: async (record) => {
      try {
        await db.signingKey.create({
          data: { ...record, publicJwk: record.publicJwk as Prisma.InputJsonObject },
        });
        return true;
      } catch (error) {
        if (isUniqueViolation(error)) return false;
        throw error;
      }
    },
  };
}

function toRecord(row: SigningKey): SigningKeyRecord {
  if (!isAlgorithm(row.algorithm) || row.use !== "access_token") {
    throw new Error(
      `Signing key ${row.kid} is for ${row.use} by ${row.algorithm}, which this version does not know.`,
    );
  }
  return { ...row, use: row.use, algorithm: row.algorithm, publicJwk: row.publicJwk as JWK };
}
