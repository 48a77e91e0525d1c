import { describe, expect, it } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import { NOW } from "@/lib/sessions/testing/session-store-contract";
import type { OpenDatabase } from "./both-databases";
import { randomHash } from "./oauth-rows";

const RACERS = 50;
const EXPIRY = addSeconds(NOW, 90);

export function describeUsedProofs(database: () => OpenDatabase): void {
  describe("used proofs", () => {
    it("a proof is used by exactly one of fifty", async () => {
      const { stores, other } = database();
      const hash = randomHash();
      const used = await Promise.all(
        Array.from({ length: RACERS }, (_, n) => (n % 2 ? stores : other).usedProofs.use(hash, EXPIRY)),
      );
      expect(used.filter(Boolean)).toHaveLength(1);
      expect(await stores.usedProofs.use(randomHash(), EXPIRY)).toBe(true);
    });

    it("used again does not undo what else a transaction does", async () => {
      const { stores } = database();
      const [first, next] = [randomHash(), randomHash()];
      await stores.usedProofs.use(first, EXPIRY);
      await stores.atomically(async ({ usedProofs }) => {
        expect(await usedProofs.use(first, EXPIRY)).toBe(false);
        expect(await usedProofs.use(next, EXPIRY)).toBe(true);
      });
      expect(await stores.usedProofs.use(next, EXPIRY)).toBe(false);
    });

    it("is good again for the next when the transaction that used it fails", async () => {
      const { stores } = database();
      const hash = randomHash();
      const work = stores.atomically(async ({ usedProofs }) => {
        expect(await usedProofs.use(hash, EXPIRY)).toBe(true);
        throw new Error("something else went wrong");
      });
      await expect(work).rejects.toThrow("something else");
      expect(await stores.usedProofs.use(hash, EXPIRY)).toBe(true);
    });

    it("is forgotten by the cleanup once it has expired, not before", async () => {
      const { stores } = database();
      const hash = randomHash();
      await stores.usedProofs.use(hash, EXPIRY);
      await stores.cleanUp(addSeconds(EXPIRY, -0.001));
      expect(await stores.usedProofs.use(hash, EXPIRY)).toBe(false);
      await stores.cleanUp(EXPIRY);
      expect(await stores.usedProofs.use(hash, EXPIRY)).toBe(true);
    });
  });
}
