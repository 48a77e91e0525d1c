import type { ConsentStore } from "@/lib/oauth/stores";
import type { Database } from "./client";

export function createConsentStore(db: Database): ConsentStore {
  return {
    find: (userId, clientId, audience) =>
      db.consent.findUnique({ where: { userId_clientId_audience: { userId, clientId, audience } } }),

    hold: async (userId, clientId, audience) => {
      await db.$queryRaw`
        SELECT 1 FROM consents
        WHERE user_id = ${userId}::uuid AND client_id = ${clientId} AND audience = ${audience} FOR UPDATE`;
      return db.consent.findUnique({
        where: { userId_clientId_audience: { userId, clientId, audience } },
      });
    },

    listOfUser: (userId) =>
      db.consent.findMany({
        where: { userId },
        orderBy: [{ grantedAt: "desc" }, { clientId: "asc" }, { audience: "asc" }],
      }),

    keep: async ({ userId, clientId, audience, scope, grantedAt }) => {
      await db.$executeRaw`
        INSERT INTO consents (user_id, client_id, audience, scope, granted_at)
        VALUES (${userId}::uuid, ${clientId}, ${audience}, ${scope}, ${grantedAt})
        ON CONFLICT (user_id, client_id, audience) DO UPDATE
        SET scope = EXCLUDED.scope, granted_at = EXCLUDED.granted_at`;
    },

    withdraw: async (userId, clientId) =>
      (await db.consent.deleteMany({ where: { userId, clientId } })).count,
  };
}
