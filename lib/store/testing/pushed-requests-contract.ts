import { describe, expect, it } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import type { PushedRequest } from "@/lib/oauth/stores";
import { NOW } from "@/lib/sessions/testing/session-store-contract";
import type { OpenDatabase } from "./both-databases";
import { randomHash } from "./oauth-rows";

const RACERS = 50;
const PARAMETERS = {
  response_type: "code",
  state: `"\\ 日本 🔑\n'`,
  scope: "",
  __proto: "x",
  ключ: "значение",
};

export function describePushedRequests(database: () => OpenDatabase): void {
  describe("pushed requests", () => {
    const requests = () => database().stores.pushedRequests;
    async function insert(): Promise<PushedRequest> {
      const { clientId } = await database().addParties();
      const request = {
        hash: randomHash(),
        clientId,
        parameters: PARAMETERS,
        expiresAt: addSeconds(NOW, 600),
      };
      await requests().insert(request);
      return { ...request, answeredAt: null };
    }

    it("a request is found as it was sent, until the millisecond before it expires", async () => {
      const request = await insert();
      expect(await requests().find(request.hash, NOW)).toEqual(request);
      expect(await requests().find(request.hash, addSeconds(request.expiresAt, -0.001))).toEqual(request);
      expect(await requests().find(request.hash, request.expiresAt)).toBeNull();
      expect(await requests().find(randomHash(), NOW)).toBeNull();
    });

    it("is answered by exactly one of fifty, and no other request with it", async () => {
      const [answered, kept] = [await insert(), await insert()];
      const { stores, other } = database();
      const answers = await Promise.all(
        Array.from({ length: RACERS }, (_, n) =>
          (n % 2 ? stores : other).pushedRequests.answer(answered.hash, NOW),
        ),
      );
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect(await requests().find(answered.hash, NOW)).toEqual({ ...answered, answeredAt: NOW });
      expect(await requests().find(kept.hash, NOW)).toEqual(kept);
    });

    it("is answered by nobody once it has expired", async () => {
      const { hash, expiresAt } = await insert();
      expect(await requests().answer(hash, expiresAt)).toBe(false);
    });
  });
}
