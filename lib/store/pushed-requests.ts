import type { PushedRequestStore } from "@/lib/oauth/stores";
import type { Database } from "./client";

export function createPushedRequestStore(db: Database): PushedRequestStore {
  return {
    insert: async (request) => {
      await db.pushedRequest.create({ data: request });
    },

    find: async (hash, now) => {
      const row = await db.pushedRequest.findFirst({ where: { hash, expiresAt: { gt: now } } });
      return row && { ...row, parameters: row.parameters as Record<string, string> };
    },

    answer: async (hash, now) => {
      const { count } = await db.pushedRequest.updateMany({
        where: { hash, answeredAt: null, expiresAt: { gt: now } },
        data: { answeredAt: now },
      });
      return count === 1;
    },
  };
}
