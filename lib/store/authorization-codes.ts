import type { AuthorizationCodeStore } from "@/lib/oauth/stores";
import type { Database } from "./client";

export function createAuthorizationCodeStore(db: Database): AuthorizationCodeStore {
  return {
    insert: async (code) => {
      await db.authorizationCode.create({ data: code });
    },

    find: (hash) => db.authorizationCode.findUnique({ where: { hash } }),

    redeem: async (hash, grantId, now) => {
      const { count } = await db.authorizationCode.updateMany({
        where: { hash, redeemedAt: null, expiresAt: { gt: now } },
        data: { redeemedAt: now, grantId },
      });
      return count === 1;
    },

    removeUnused: async (clientId, userId) => {
      const ofPerson = userId === null ? {} : { userId };
      await db.authorizationCode.deleteMany({ where: { clientId, redeemedAt: null, ...ofPerson } });
    },
  };
}
