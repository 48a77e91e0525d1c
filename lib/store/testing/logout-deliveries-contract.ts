import { beforeEach, describe, expect, it } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import { randomId } from "@/lib/crypto/random";
import { NOW } from "@/lib/sessions/testing/session-store-contract";
import type { OpenDatabase } from "./both-databases";
import type { Parties } from "./oauth-rows";

const HELD_UNTIL = addSeconds(NOW, 30);
const RACERS = 20;

const inOrder = (ids: readonly bigint[]): bigint[] => ids.toSorted((a, b) => Number(a - b));

export function describeLogoutDeliveries(database: () => OpenDatabase): void {
  describe("logout deliveries", () => {
    const deliveries = () => database().stores.logoutDeliveries;
    let parties: Parties;
    beforeEach(async () => {
      await database().db.logoutDelivery.deleteMany();
      parties = await database().addParties();
    });

    async function insert(nextAttemptAt = NOW, { clientId, userId } = parties): Promise<bigint> {
      const row = { clientId, userId, sessionId: randomId(), createdAt: NOW, nextAttemptAt };
      return (await database().db.logoutDelivery.create({ data: row })).id;
    }
    const ofParties = () => ({ clientId: parties.clientId, userId: parties.userId });
    const idsTaken = async (limit: number, now = NOW) =>
      inOrder((await deliveries().take(limit, now, HELD_UNTIL)).map(({ id }) => id));

    it("those that are due are taken as they are, held for a while, and nobody else gets them", async () => {
      const [due, early] = [await insert(addSeconds(NOW, -1)), await insert(addSeconds(NOW, 0.001))];
      const [taken, ...more] = await deliveries().take(9, NOW, HELD_UNTIL);
      expect(more).toEqual([]);
      expect(taken).toEqual(await database().db.logoutDelivery.findUnique({ where: { id: due } }));
      expect(taken).toMatchObject({ id: due, ...ofParties(), attempts: 0, nextAttemptAt: HELD_UNTIL });
      expect(await idsTaken(9)).toEqual([]);
      expect(await idsTaken(9, addSeconds(HELD_UNTIL, -0.001))).toEqual([early]);
    });

    it("those of somebody who died with them are due again when their time is up", async () => {
      const id = await insert();
      expect(await idsTaken(9)).toEqual([id]);
      const again = await deliveries().take(9, HELD_UNTIL, addSeconds(HELD_UNTIL, 30));
      expect(again).toMatchObject([{ id, attempts: 0 }]);
    });

    it("those of some clients are left out", async () => {
      const others = await database().addParties();
      const [ours, theirs] = [await insert(), await insert(NOW, others)];
      const take = (except: string[]) => deliveries().take(9, NOW, HELD_UNTIL, except);
      expect(await take([parties.clientId])).toMatchObject([{ id: theirs }]);
      expect(await take([others.clientId])).toMatchObject([{ id: ours }]);
    });

    it("no more than asked for are taken, and of those the ones that have waited longest", async () => {
      const ids = [];
      for (const seconds of [-1, -3, -2]) ids.push(await insert(addSeconds(NOW, seconds)));
      expect(await idsTaken(2)).toEqual([ids[1], ids[2]]);
      expect(await idsTaken(2)).toEqual([ids[0]]);
    });

    it("of many who take at once each gets others, until none is left", async () => {
      const ids = [];
      for (let n = 0; n < 100; n += 1) ids.push(await insert(addSeconds(NOW, -n)));
      const { stores, other } = database();
      const taken: bigint[] = [];
      const takeAll = async ({ logoutDeliveries }: typeof stores) => {
        for (;;) {
          const batch = await logoutDeliveries.take(3, NOW, HELD_UNTIL);
          if (batch.length === 0) return;
          expect(batch.length).toBeLessThanOrEqual(3);
          taken.push(...batch.map(({ id }) => id));
        }
      };
      await Promise.all(Array.from({ length: RACERS }, (_, n) => takeAll(n % 2 ? stores : other)));
      expect(inOrder(taken)).toEqual(inOrder(ids));
    });

    it("one that failed waits for its next attempt, and says how often and why", async () => {
      const id = await insert();
      const [next, nextButOne] = [addSeconds(NOW, 60), addSeconds(NOW, 180)];
      await deliveries().postpone(id, next, "It did not answer.");
      await deliveries().postpone(id, nextButOne, "It answered 500.");
      expect(await idsTaken(9, next)).toEqual([]);
      const late = addSeconds(nextButOne, 30);
      expect(await deliveries().take(9, nextButOne, late)).toMatchObject([
        { id, attempts: 2, lastProblem: "It answered 500." },
      ]);
    });

    it("one that is delivered is gone, and postponing it brings nothing back", async () => {
      const [gone, kept] = [await insert(), await insert()];
      await deliveries().remove(gone);
      await deliveries().remove(gone);
      await deliveries().postpone(gone, NOW, "too late");
      expect(await idsTaken(9)).toEqual([kept]);
    });

    it("those of a client are listed from the oldest on, and go with their client", async () => {
      const another = await database().addParties();
      const ids = [await insert(addSeconds(NOW, 9)), await insert(), await insert()];
      await insert(NOW, another);
      const listed = async (limit: number) =>
        (await deliveries().listOfClient(parties.clientId, limit)).map(({ id }) => id);
      expect(await listed(9)).toEqual(ids);
      expect(await listed(2)).toEqual(ids.slice(0, 2));
      await database().stores.clients.remove(parties.clientId);
      expect(await listed(9)).toEqual([]);
      expect(await deliveries().listOfClient(another.clientId, 9)).toHaveLength(1);
    });
  });
}
