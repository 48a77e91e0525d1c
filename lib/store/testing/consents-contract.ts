import { beforeEach, describe, expect, it } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import type { Consent } from "@/lib/oauth/stores";
import { NOW } from "@/lib/sessions/testing/session-store-contract";
import type { OpenDatabase } from "./both-databases";

const RACERS = 50;

export function describeConsents(database: () => OpenDatabase): void {
  describe("consents", () => {
    const consents = () => database().stores.consents;
    async function newConsent(changes: Partial<Consent> = {}): Promise<Consent> {
      const { userId, clientId } = await database().addParties();
      return { userId, clientId, audience: "orders", scope: "openid", grantedAt: NOW, ...changes };
    }
    const found = ({ userId, clientId, audience }: Consent) => consents().hold(userId, clientId, audience);

    describe("a consent", () => {
      it("is kept for the person, the client and the audience that it was given for", async () => {
        const [consent, another] = [await newConsent(), await newConsent()];
        await consents().add(consent);
        expect(await found(consent)).toEqual(consent);
        for (const change of [
          { userId: another.userId },
          { clientId: another.clientId },
          { audience: "stock" },
        ]) {
          expect(await found({ ...consent, ...change })).toBeNull();
        }
      });

      it("adds to the former one, and to no other", async () => {
        const consent = await newConsent({ scope: "openid read" });
        const elsewhere = { ...consent, audience: "stock" };
        for (const kept of [consent, elsewhere]) await consents().add(kept);
        const grantedAt = addSeconds(NOW, 9);
        await consents().add({ ...consent, scope: "email openid", grantedAt });
        const wider = { ...consent, scope: "openid read email", grantedAt };
        expect(await found(consent)).toEqual(wider);
        expect(await consents().listOfUser(consent.userId)).toEqual([wider, elsewhere]);
      });

      it("to nothing keeps what was allowed before", async () => {
        const consent = await newConsent({ scope: "" });
        for (const scope of ["", "read", ""]) await consents().add({ ...consent, scope });
        expect(await found(consent)).toEqual({ ...consent, scope: "read" });
      });

      it("holds all that was allowed at once", async () => {
        const consent = await newConsent();
        const scopes = Array.from({ length: RACERS }, (_, n) => `word${n}`);
        await Promise.all(scopes.map((scope) => consents().add({ ...consent, scope })));
        const { scope = "" } = (await found(consent)) ?? {};
        expect(scope.split(" ").sort()).toEqual([...scopes].sort());
      });

      it("is one when it is given many times at once", async () => {
        const consent = await newConsent();
        await Promise.all(Array.from({ length: RACERS }, () => consents().add(consent)));
        expect(await consents().listOfUser(consent.userId)).toEqual([consent]);
      });

      it("is withdrawn for all audiences of its client, and for no other client or person", async () => {
        const [consent, another] = [await newConsent(), await newConsent()];
        const kept = [
          { ...consent, clientId: another.clientId },
          { ...consent, userId: another.userId },
        ] as const;
        const withdrawn = [consent, { ...consent, audience: "stock" }] as const;
        for (const each of [...kept, ...withdrawn]) await consents().add(each);
        expect(await consents().withdraw(consent.userId, consent.clientId)).toBe(2);
        expect(await consents().withdraw(consent.userId, consent.clientId)).toBe(0);
        expect(await Promise.all([...kept, ...withdrawn].map(found))).toEqual([...kept, null, null]);
      });

      describe("of everyone for one client", () => {
        let kept: Consent;
        let gone: Consent[];
        beforeEach(async () => {
          const [consent, another] = [await newConsent(), await newConsent()];
          kept = { ...consent, clientId: another.clientId };
          gone = [consent, { ...consent, audience: "stock" }, { ...consent, userId: another.userId }];
          for (const each of [kept, ...gone]) await consents().add(each);
        });
        const clientId = () => gone[0]?.clientId ?? "";
        const expectGone = async () =>
          expect(await Promise.all([kept, ...gone].map(found))).toEqual([kept, null, null, null]);

        it("is withdrawn, and for no other client", async () => {
          expect(await consents().withdraw(null, clientId())).toBe(3);
          expect(await consents().withdraw(null, clientId())).toBe(0);
          await expectGone();
        });

        it("is withdrawn some at a time", async () => {
          expect(await consents().withdrawSome(clientId())).toBe(true);
          expect(await consents().withdrawSome(clientId())).toBe(false);
          await expectGone();
        });
      });
    });
  });
}
