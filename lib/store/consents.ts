import type { ConsentStore } from "@/lib/oauth/stores";
import { CLEARED_ROWS, deletion } from "./batch";
import type { Database } from "./client";
import { Prisma } from "./generated/client";

export function createConsentStore(db: Database): ConsentStore {
  return {
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

    // The words are put together by the one statement that holds the row: of two who allow at once, both are heard.
    add: async ({ userId, clientId, audience, scope, grantedAt }) => {
      await db.$executeRaw`
        INSERT INTO consents (user_id, client_id, audience, scope, granted_at)
        VALUES (${userId}::uuid, ${clientId}, ${audience}, ${scope}, ${grantedAt})
        ON CONFLICT (user_id, client_id, audience) DO UPDATE
        SET scope = (
          SELECT coalesce(string_agg(word, ' ' ORDER BY place), '') FROM (
            SELECT word, min(place) AS place
            FROM unnest(string_to_array(consents.scope || ' ' || EXCLUDED.scope, ' ')) WITH ORDINALITY AS said (word, place)
            WHERE word <> '' GROUP BY word
          ) AS words
        ), granted_at = EXCLUDED.granted_at`;
    },

    withdraw: async (userId, clientId) => {
      const ofPerson = userId === null ? {} : { userId };
      return (await db.consent.deleteMany({ where: { clientId, ...ofPerson } })).count;
    },

    withdrawSome: async (clientId) =>
      (await db.$executeRaw(
        deletion(Prisma.sql`consents`, Prisma.sql`client_id = ${clientId}`, CLEARED_ROWS),
      )) > 0,
  };
}
