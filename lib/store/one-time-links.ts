import type { OneTimeLinkStore } from "@/lib/identity/user-store";
import type { Database } from "./client";

export function createOneTimeLinkStore(db: Database): OneTimeLinkStore {
  return {
    replace: async (link) => {
      await db.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${link.userId ?? "setup"}, 0))`;
      await db.oneTimeLink.updateMany({
        where: { userId: link.userId, consumedAt: null },
        data: { consumedAt: link.createdAt },
      });
      await db.oneTimeLink.create({ data: link });
    },

    findUsable: (tokenHash, now) =>
      db.oneTimeLink.findFirst({ where: { tokenHash, consumedAt: null, expiresAt: { gt: now } } }),

    withdrawAll: async (userId, now) => {
      await db.oneTimeLink.updateMany({ where: { userId, consumedAt: null }, data: { consumedAt: now } });
    },

    consume: async (tokenHash, now) => {
      const [link] = await db.oneTimeLink.updateManyAndReturn({
        where: { tokenHash, consumedAt: null, expiresAt: { gt: now } },
        data: { consumedAt: now },
      });
      return link ?? null;
    },
  };
}
