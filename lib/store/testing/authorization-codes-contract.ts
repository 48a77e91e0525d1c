import { describe, expect, it } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import { randomId } from "@/lib/crypto/random";
import { NOW } from "@/lib/sessions/testing/session-store-contract";
import type { OpenDatabase } from "./both-databases";
import { type NewCode, newCode, randomHash } from "./oauth-rows";

const RACERS = 50;

export function describeAuthorizationCodes(database: () => OpenDatabase): void {
  describe("authorization codes", () => {
    const codes = () => database().stores.authorizationCodes;
    async function insert(changes: Partial<NewCode> = {}): Promise<NewCode> {
      const code = newCode(await database().addParties(), changes);
      await codes().insert(code);
      return code;
    }

    it("a code is kept as it is, and found under its own hash alone", async () => {
      const code = await insert({
        nonce: "n-0S6_WzA2Mj 日本",
        dpopJkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
      });
      expect(await codes().find(code.hash)).toEqual({ ...code, redeemedAt: null, grantId: null });
      expect(await codes().find(randomHash())).toBeNull();
    });

    it("is redeemed by exactly one of fifty, and says for what", async () => {
      const { hash } = await insert();
      const { stores, other } = database();
      const grantIds = Array.from({ length: RACERS }, randomId);
      const redeemed = await Promise.all(
        grantIds.map((id, n) => (n % 2 ? stores : other).authorizationCodes.redeem(hash, id, NOW)),
      );
      expect(redeemed.filter(Boolean)).toHaveLength(1);
      const grantId = grantIds[redeemed.indexOf(true)];
      expect(await codes().find(hash)).toMatchObject({ redeemedAt: NOW, grantId });
    });

    it("those that are unused go, of a client or of one person at it", async () => {
      const [used, hers, his, others] = [await insert(), await insert(), await insert(), await insert()];
      await codes().redeem(used.hash, randomId(), NOW);
      await codes().removeUnused(hers.clientId, hers.userId);
      expect(await codes().find(hers.hash)).toBeNull();
      await codes().removeUnused(his.clientId, others.userId);
      expect(await codes().find(his.hash)).not.toBeNull();
      for (const { clientId } of [used, his]) await codes().removeUnused(clientId, null);
      expect(await codes().find(his.hash)).toBeNull();
      for (const { hash } of [used, others]) expect(await codes().find(hash)).not.toBeNull();
    });

    it("is redeemed until the millisecond before it expires", async () => {
      const { hash, expiresAt } = await insert();
      expect(await codes().redeem(hash, randomId(), expiresAt)).toBe(false);
      expect(await codes().find(hash)).toMatchObject({ redeemedAt: null, grantId: null });
      expect(await codes().redeem(hash, randomId(), addSeconds(expiresAt, -0.001))).toBe(true);
    });

    it("is unredeemed again when what it was redeemed for fails", async () => {
      const { hash } = await insert();
      const work = database().stores.atomically(async (tx) => {
        expect(await tx.authorizationCodes.redeem(hash, randomId(), NOW)).toBe(true);
        throw new Error("no grant");
      });
      await expect(work).rejects.toThrow("no grant");
      expect(await codes().redeem(hash, randomId(), NOW)).toBe(true);
    });

    it("of nothing that there is are not redeemed", async () => {
      expect(await codes().redeem(randomHash(), randomId(), NOW)).toBe(false);
    });
  });
}
