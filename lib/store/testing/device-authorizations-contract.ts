import { describe, expect, it } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import type { DeviceAuthorization, DeviceDecision } from "@/lib/oauth/stores";
import { NOW } from "@/lib/sessions/testing/session-store-contract";
import type { OpenDatabase } from "./both-databases";
import { newDeviceAuthorization, type Parties, randomHash } from "./oauth-rows";

const RACERS = 50;
const LATER = addSeconds(NOW, 60);

export function describeDeviceAuthorizations(database: () => OpenDatabase): void {
  describe("device authorizations", () => {
    const devices = () => database().stores.deviceAuthorizations;
    /** Every second one asks over the connections of another process. */
    const race = <Result>(ask: (store: ReturnType<typeof devices>, n: number) => Promise<Result>) =>
      Promise.all(
        Array.from({ length: RACERS }, (_, n) => {
          const { stores, other } = database();
          return ask((n % 2 ? stores : other).deviceAuthorizations, n);
        }),
      );

    async function insert(changes: Partial<DeviceAuthorization> = {}) {
      const parties = await database().addParties();
      const device = newDeviceAuthorization(parties, changes);
      expect(await devices().insert(device)).toBe(true);
      return { parties, device };
    }
    const decided = (
      { userId, parentId }: Parties,
      decision: DeviceDecision["decision"],
    ): DeviceDecision => ({
      decision,
      userId,
      parentId,
    });

    it("one is kept as it is, and found by either of its codes", async () => {
      const { device } = await insert();
      expect(await devices().find(device.hash)).toEqual(device);
      expect(await devices().findUndecided(device.userCodeHash, NOW)).toEqual(device);
      expect(await devices().find(device.userCodeHash)).toBeNull();
      expect(await devices().findUndecided(device.hash, NOW)).toBeNull();
    });

    it("of many with one user code one is taken", async () => {
      const parties = await database().addParties();
      const userCodeHash = randomHash();
      const taken = await race((store) => store.insert(newDeviceAuthorization(parties, { userCodeHash })));
      expect(taken.filter(Boolean)).toHaveLength(1);
    });

    it("with a taken user code does not undo what else a transaction does", async () => {
      const { parties, device } = await insert();
      const next = newDeviceAuthorization(parties);
      await database().stores.atomically(async ({ deviceAuthorizations }) => {
        const { userCodeHash } = device;
        expect(await deviceAuthorizations.insert(newDeviceAuthorization(parties, { userCodeHash }))).toBe(
          false,
        );
        await deviceAuthorizations.insert(next);
      });
      expect(await devices().find(next.hash)).toEqual(next);
    });

    it("is decided by exactly one of fifty, for good", async () => {
      const { parties, device } = await insert();
      const outcomes = await race((store, n) =>
        store.decide(device.userCodeHash, decided(parties, n % 2 ? "allowed" : "denied"), LATER),
      );
      expect(outcomes.filter(Boolean)).toHaveLength(1);
      const decision = outcomes.indexOf(true) % 2 ? "allowed" : "denied";
      const expected = { ...device, ...decided(parties, decision), decidedAt: LATER };
      expect(await devices().find(device.hash)).toEqual(expected);
      expect(await devices().findUndecided(device.userCodeHash, LATER)).toBeNull();
    });

    it("is decided until the millisecond before it expires", async () => {
      const { parties, device } = await insert();
      const { userCodeHash, expiresAt } = device;
      expect(await devices().findUndecided(userCodeHash, expiresAt)).toBeNull();
      expect(await devices().decide(userCodeHash, decided(parties, "allowed"), expiresAt)).toBe(false);
      const before = addSeconds(expiresAt, -0.001);
      expect(await devices().findUndecided(userCodeHash, before)).not.toBeNull();
      expect(await devices().decide(userCodeHash, decided(parties, "allowed"), before)).toBe(true);
    });

    it("remembers when it was asked for last, and how long the next one has to wait", async () => {
      const { device } = await insert();
      await devices().notePoll(device.hash, 10, LATER);
      expect(await devices().find(device.hash)).toEqual({ ...device, intervalSeconds: 10, polledAt: LATER });
    });

    it("is redeemed by exactly one of fifty, once it is allowed", async () => {
      const { parties, device } = await insert();
      expect(await devices().redeem(device.hash, NOW)).toBe(false);
      await devices().decide(device.userCodeHash, decided(parties, "allowed"), NOW);
      const redeemed = await race((store) => store.redeem(device.hash, LATER));
      expect(redeemed.filter(Boolean)).toHaveLength(1);
      expect(await devices().find(device.hash)).toMatchObject({ redeemedAt: LATER });
    });

    it("is not redeemed when it was denied, nor when it has expired", async () => {
      const [denied, allowed] = [await insert(), await insert()];
      await devices().decide(denied.device.userCodeHash, decided(denied.parties, "denied"), NOW);
      await devices().decide(allowed.device.userCodeHash, decided(allowed.parties, "allowed"), NOW);
      expect(await devices().redeem(denied.device.hash, NOW)).toBe(false);
      const { hash, expiresAt } = allowed.device;
      expect(await devices().redeem(hash, expiresAt)).toBe(false);
      expect(await devices().redeem(hash, addSeconds(expiresAt, -0.001))).toBe(true);
    });
  });
}
