import type { DeviceAuthorizationStore } from "@/lib/oauth/stores";
import type { Database } from "./client";

export function createDeviceAuthorizationStore(db: Database): DeviceAuthorizationStore {
  return {
    // A taken user code is no error of the statement, which would end the transaction it may be part of.
    insert: async (authorization) => {
      const data = [authorization];
      return (await db.deviceAuthorization.createMany({ data, skipDuplicates: true })).count === 1;
    },

    find: (hash) => db.deviceAuthorization.findUnique({ where: { hash } }),

    findUndecided: (userCodeHash, now) =>
      db.deviceAuthorization.findFirst({ where: { userCodeHash, decision: null, expiresAt: { gt: now } } }),

    decide: async (userCodeHash, { decision, userId, parentId }, now) => {
      const { count } = await db.deviceAuthorization.updateMany({
        where: { userCodeHash, decision: null, expiresAt: { gt: now } },
        data: { decision, decidedAt: now, userId, parentId },
      });
      return count === 1;
    },

    notePoll: async (hash, intervalSeconds, now) => {
      await db.deviceAuthorization.updateMany({
        where: { hash },
        data: { intervalSeconds, polledAt: now },
      });
    },

    redeem: async (hash, now) => {
      const { count } = await db.deviceAuthorization.updateMany({
        where: { hash, decision: "allowed", redeemedAt: null, expiresAt: { gt: now } },
        data: { redeemedAt: now },
      });
      return count === 1;
    },

    removeUnused: async (clientId, userId) => {
      const ofPerson = userId === null ? {} : { userId };
      await db.deviceAuthorization.deleteMany({ where: { clientId, redeemedAt: null, ...ofPerson } });
    },
  };
}
