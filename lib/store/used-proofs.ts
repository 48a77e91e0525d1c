import type { UsedProofStore } from "@/lib/oauth/stores";
import type { Database } from "./client";

export function createUsedProofStore(db: Database): UsedProofStore {
  return {
    use: async (hash, expiresAt) => {
      const data = [{ hash, expiresAt }];
      return (await db.usedProof.createMany({ data, skipDuplicates: true })).count === 1;
    },
  };
}
