import { beforeEach, describe, expect, it } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import { randomId } from "@/lib/crypto/random";
import { hasCode } from "@/lib/errors/latchkey-error";
import type { ClientChange } from "@/lib/oauth/client";
import type { Session } from "@/lib/sessions/session";
import { NOW, newSession } from "@/lib/sessions/testing/session-store-contract";
import type { OpenDatabase } from "./both-databases";
import { newClient, newCode, newDeviceAuthorization, type Parties, randomHash } from "./oauth-rows";

const LATER = addSeconds(NOW, 60);
const RACERS = 50;
const KEYS = { keys: [{ kty: "EC", crv: "P-256", x: "eA", y: "eQ", kid: "one", alg: "ES256" as const }] };
const service = { authMethod: "private_key_jwt", grantTypes: ["client_credentials"] } as const;
const unknown = `client_${randomId()}`;

function newGrant({ clientId, userId, parentId }: Parties, changes: Partial<Session> = {}): Session {
  const grant = { clientId, parentId, audience: "orders", scope: "", isOffline: true, dpopJkt: null };
  return newSession({ id: userId }, { grant, ...changes });
}

export function describeClients(database: () => OpenDatabase): void {
  describe("clients", () => {
    const clients = () => database().stores.clients;
    beforeEach(async () => {
      await database().db.client.deleteMany();
    });

    async function insertWithSecret(secret = randomHash()) {
      const client = newClient({ authMethod: "client_secret" });
      await clients().insert(client, secret);
      return { ...client, secret };
    }

    describe("a client", () => {
      it.each([
        newClient(),
        newClient({ ...service, jwks: KEYS, algorithm: "EdDSA" }),
        newClient({ ...service, jwksUri: "https://wages.example/jwks", algorithm: "RS256" }),
        newClient({
          redirectUris: [],
          postLogoutRedirectUris: [],
          origins: [],
          audiences: [],
          scope: "",
          backchannelLogoutUri: null,
        }),
      ])("is kept as it is: %o", async (client) => {
        await clients().insert(client, null);
        expect(await clients().find(client.id)).toEqual({ ...client, hasPreviousSecret: false });
      });

      it.each([
        unknown,
        "",
        "client_",
        `${unknown}x`,
        unknown.toUpperCase(),
        "client_\u0000",
        `${unknown}\u0000`,
      ])("is not found under %j", async (id) => {
        await clients().insert(newClient(), null);
        expect(await clients().find(id)).toBeNull();
      });

      it("is found with the others that are asked for, and shows no secret", async () => {
        const [one, other] = [newClient(), await insertWithSecret()];
        await clients().insert(one, null);
        await clients().insert(newClient(), null);
        const found = await clients().findAll([one.id, unknown, other.id]);
        expect(found.map(({ id }) => id).toSorted()).toEqual([one.id, other.id].toSorted());
        expect(JSON.stringify([found, await clients().find(other.id)])).not.toMatch(/secretHash/i);
      });

      it("changes in what is given alone", async () => {
        const client = newClient();
        await clients().insert(client, null);
        const change: ClientChange = { name: "Pay", origins: [], grantTypes: ["authorization_code"] };
        const changed = { ...client, ...change, updatedAt: LATER, hasPreviousSecret: false };
        expect(await clients().change(client.id, change, LATER)).toEqual(changed);
        expect(await clients().change(client.id, {}, LATER)).toEqual(changed);
        expect(await clients().find(client.id)).toEqual(changed);
        expect(await clients().change(unknown, change, LATER)).toBeNull();
      });

      it("moves from its keys to the address of them and back", async () => {
        const client = newClient({ ...service, jwks: KEYS });
        await clients().insert(client, null);
        const address = { jwks: null, jwksUri: "https://wages.example/jwks" };
        expect(await clients().change(client.id, address, LATER)).toMatchObject(address);
        const keys = { jwks: KEYS, jwksUri: null };
        expect(await clients().change(client.id, keys, LATER)).toMatchObject(keys);
      });

      it("is gone once it is removed, with all that hangs on it and nothing of another", async () => {
        const { stores, addParties } = database();
        const [gone, kept] = [await addParties(), await addParties()];
        const codes = [newCode(gone), newCode(kept)] as const;
        const devices = [newDeviceAuthorization(gone), newDeviceAuthorization(kept)] as const;
        for (const code of codes) await stores.authorizationCodes.insert(code);
        for (const device of devices) await stores.deviceAuthorizations.insert(device);
        expect(await clients().remove(gone.clientId)).toBe(true);
        expect(await clients().remove(gone.clientId)).toBe(false);
        const found = await Promise.all([
          ...codes.map(({ hash }) => stores.authorizationCodes.find(hash)),
          ...devices.map(({ hash }) => stores.deviceAuthorizations.find(hash)),
        ]);
        expect(found.map((row) => row?.clientId ?? null)).toEqual([null, kept.clientId, null, kept.clientId]);
        expect(await stores.sessions.find(gone.parentId)).not.toBeNull();
      });

      it("is changed only as it was seen, where that is said", async () => {
        const client = newClient();
        await clients().insert(client, null);
        const change = (name: string, seenAt?: Date) => clients().change(client.id, { name }, LATER, seenAt);
        expect(await change("Late", addSeconds(NOW, 1))).toBeNull();
        expect(await change("Pay", NOW)).toMatchObject({ name: "Pay" });
        expect(await change("Late", NOW)).toBeNull();
        expect(await change("Wages", LATER)).toMatchObject({ name: "Wages" });
      });

      it("is cleared of what has ended, and of nothing else", async () => {
        const { stores, addParties } = database();
        const { sessions } = stores;
        const [cleared, kept] = [await addParties(), await addParties()];
        const ended = { endedAt: NOW, endReason: "logout" } as const;
        const grants = [newGrant(cleared, ended), newGrant(cleared), newGrant(kept, ended)] as const;
        for (const grant of grants) await sessions.insert(grant);
        expect(await clients().clearOut(cleared.clientId)).toBe(true);
        expect(await clients().clearOut(cleared.clientId)).toBe(false);
        const [gone, live, another] = await Promise.all(grants.map(({ id }) => sessions.find(id)));
        expect([gone, live?.id, another?.id]).toEqual([null, grants[1].id, grants[2].id]);
      });

      it("that this version does not know the grants of is refused by name", async () => {
        const { db } = database();
        const { id } = newClient();
        await clients().insert(newClient({ id }), null);
        await db.client.update({ where: { id }, data: { grantTypes: ["authorization_code", "ciba"] } });
        await expect(clients().find(id)).rejects.toThrow(
          `Client ${id} is for authorization_code,ciba by ES256`,
        );
      });
    });

    describe("a secret", () => {
      it("works until the next but one is made", async () => {
        const { id, secret: first } = await insertWithSecret();
        const [second, third] = [randomHash(), randomHash()];
        const working = () =>
          Promise.all([first, second, third].map((secret) => clients().hasSecret(id, secret)));
        expect(await working()).toEqual([true, false, false]);
        expect(await clients().addSecret(id, second, LATER)).toBe(true);
        expect(await working()).toEqual([true, true, false]);
        expect(await clients().find(id)).toMatchObject({ hasPreviousSecret: true, updatedAt: LATER });
        await clients().addSecret(id, third, LATER);
        expect(await working()).toEqual([false, true, true]);
      });

      it("works alone once the one before it has ended", async () => {
        const { id, secret: first } = await insertWithSecret();
        const second = randomHash();
        expect(await clients().endPreviousSecret(id, LATER)).toBe(false);
        await clients().addSecret(id, second, NOW);
        expect(await clients().endPreviousSecret(id, LATER)).toBe(true);
        expect(await clients().hasSecret(id, first)).toBe(false);
        expect(await clients().hasSecret(id, second)).toBe(true);
        expect(await clients().find(id)).toMatchObject({ hasPreviousSecret: false, updatedAt: LATER });
      });

      it("is of the client that it was made for, and of none that proves itself otherwise", async () => {
        const [{ secret }, another] = [await insertWithSecret(), await insertWithSecret()];
        const keyed = newClient({ ...service, jwks: KEYS });
        await clients().insert(keyed, null);
        for (const id of [another.id, keyed.id, unknown]) {
          expect(await clients().hasSecret(id, secret)).toBe(false);
        }
        for (const id of [keyed.id, unknown]) {
          expect(await clients().addSecret(id, secret, LATER)).toBe(false);
        }
        expect(await clients().hasSecret(keyed.id, secret)).toBe(false);
      });
    });

    describe("the id of a client's own tokens", () => {
      it("is handed out once by whoever replaces it, also when many do at once", async () => {
        const client = newClient();
        await clients().insert(client, null);
        const ids = Array.from({ length: RACERS }, randomId);
        const { stores, other } = database();
        const former = await Promise.all(
          ids.map((id, n) => (n % 2 ? stores : other).clients.replaceTokensId(client.id, id, LATER)),
        );
        const found = await clients().find(client.id);
        expect([...former, found?.tokensId].toSorted()).toEqual([client.tokensId, ...ids].toSorted());
        expect(found?.updatedAt).toEqual(LATER);
        expect(await clients().replaceTokensId(unknown, randomId(), LATER)).toBeNull();
      });
    });

    it("an origin is one that some client names, to the letter", async () => {
      await clients().insert(newClient({ origins: ["https://a.example", "https://b.example:8443"] }), null);
      const client = newClient({ origins: ["https://c.example"] });
      await clients().insert(client, null);
      const named = ["https://a.example", "https://b.example:8443", "https://c.example"];
      const others = ["https://b.example", "https://A.example", "https://a.example/", "null", "", "%"];
      for (const origin of named) expect(await clients().isOrigin(origin), origin).toBe(true);
      for (const origin of others) expect(await clients().isOrigin(origin), origin).toBe(false);
      await clients().remove(client.id);
      expect(await clients().isOrigin("https://c.example")).toBe(false);
    });

    describe("the list", () => {
      it("goes from the newest to the oldest, page by page, each once", async () => {
        // Two of each instant: their order is one too.
        const made = [0, 0, 1, 1, 2].map((seconds) => newClient({ createdAt: addSeconds(NOW, seconds) }));
        for (const client of made) await clients().insert(client, null);
        const seen: { id: string; createdAt: Date }[] = [];
        let cursor: string | null = null;
        do {
          const page: Awaited<ReturnType<ReturnType<typeof clients>["list"]>> = await clients().list({
            limit: 2,
            cursor,
          });
          expect(page.items.length).toBeLessThanOrEqual(2);
          seen.push(...page.items);
          cursor = page.nextCursor;
        } while (cursor !== null);
        expect(seen.map(({ id }) => id).toSorted()).toEqual(made.map(({ id }) => id).toSorted());
        const instants = seen.map(({ createdAt }) => createdAt.getTime());
        expect(instants).toEqual(instants.toSorted((a, b) => b - a));
      });

      it("refuses a cursor of another list", async () => {
        const cursor = Buffer.from(JSON.stringify([NOW.toISOString(), randomId()])).toString("base64url");
        const list = clients().list({ limit: 2, cursor });
        await expect(list).rejects.toSatisfy((error) => hasCode(error, "invalid_request"));
      });
    });
  });
}
