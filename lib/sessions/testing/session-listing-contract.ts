import { beforeEach, describe, expect, it } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import { type Session, type SessionState, type SessionUser, sessionState } from "../session";
import type { Listing, Page, SessionFilter, SessionStore } from "../session-store";
import { NOW, newSession, type SessionStoreSubject } from "./session-store-contract";

const at = (seconds: number): Date => addSeconds(NOW, seconds);
const EVERYTHING: SessionFilter = { query: null, userId: null, state: null, clientId: null };

/** How every implementation of `SessionStore` lists and searches. */
export function describeSessionListing(name: string, open: () => Promise<SessionStoreSubject>): void {
  describe(name, () => {
    let subject: SessionStoreSubject;
    let store: SessionStore;
    let ada: SessionUser;
    beforeEach(async () => {
      subject = await open();
      store = subject.store;
      ada = await subject.addUser({ email: "ada@example.test", name: "Ada Byron" });
    });

    const insert = async (overrides: Partial<Session> = {}, user: SessionUser = ada): Promise<string> => {
      const session = newSession(user, overrides);
      await store.insert(session);
      return session.id;
    };
    const idsOf = ({ items }: Listing<Session>): string[] => items.map(({ id }) => id);
    const search = async (filter: Partial<SessionFilter>): Promise<string[]> =>
      idsOf(await store.search({ ...EVERYTHING, ...filter }, { limit: 200, cursor: null }, NOW)).toSorted();

    /** Reads a list page by page; `between` may change the table after each page. */
    async function readAll(
      read: (page: Page) => Promise<Listing<Session>>,
      limit: number,
      between = async () => {},
    ) {
      const ids: string[] = [];
      let cursor: string | null = null;
      do {
        const page: Listing<Session> = await read({ limit, cursor });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        ids.push(...idsOf(page));
        cursor = page.nextCursor;
        await between();
      } while (cursor !== null);
      return ids;
    }

    describe("paging", () => {
      it("runs from the newest to the oldest", async () => {
        const oldest = await insert({ createdAt: at(-300) });
        const newest = await insert({ createdAt: at(-100) });
        const middle = await insert({ createdAt: at(-200) });
        const page = { limit: 50, cursor: null };
        expect(idsOf(await store.search(EVERYTHING, page, NOW))).toEqual([newest, middle, oldest]);
        expect(idsOf(await store.listLiveOfUser(ada.id, page, NOW))).toEqual([newest, middle, oldest]);
      });

      it.each([1, 2, 3, 4, 10, 11])(
        "by %i leaves no gap and shows none twice, though most began together",
        async (limit) => {
          const ids = await Promise.all(
            Array.from({ length: 10 }, (_, n) => insert({ createdAt: n < 7 ? at(-100) : at(-100 - n) })),
          );
          const listed = await readAll((page) => store.listLiveOfUser(ada.id, page, NOW), limit);
          const found = await readAll((page) => store.search(EVERYTHING, page, NOW), limit);
          expect(listed.toSorted()).toEqual(ids.toSorted());
          expect(found).toEqual(listed);
        },
      );

      it("is not disturbed by sessions that begin or end meanwhile", async () => {
        const ids = await Promise.all(
          Array.from({ length: 9 }, (_, n) => insert({ createdAt: at(-100 * n - 100) })),
        );
        const meanwhile = async () => {
          await insert({ createdAt: NOW });
        };
        const found = await readAll((page) => store.search(EVERYTHING, page, NOW), 2, meanwhile);
        expect(found).toEqual(ids);
      });

      it("says that there is no more when the last page is exactly full", async () => {
        await Promise.all([insert(), insert()]);
        expect((await store.search(EVERYTHING, { limit: 2, cursor: null }, NOW)).nextCursor).toBeNull();
      });
    });

    it("lists a person's live sessions alone, and the ids of one person's or of everyone's", async () => {
      const bob = await subject.addUser({ email: "bob@example.test" });
      const live = await insert();
      const his = await insert({ createdAt: at(-9) }, bob);
      await insert({ endedAt: NOW, endReason: "logout" });
      await insert({ idleExpiresAt: NOW });
      await insert({ idleExpiresAt: NOW, expiresAt: NOW });
      const page = { limit: 50, cursor: null };
      expect(idsOf(await store.listLiveOfUser(ada.id, page, NOW))).toEqual([live]);
      expect((await store.listLiveIds({ userId: ada.id, clientId: null }, page, NOW)).items).toEqual([live]);
      expect((await store.listLiveIds({ userId: null, clientId: null }, page, NOW)).items).toEqual([
        his,
        live,
      ]);
    });

    describe("search", () => {
      it("finds by part of an address or a name in any case, and by the start of an IP address", async () => {
        const bob = await subject.addUser({ email: "bob@sample.test", name: null });
        const hers = await insert({ ip: "198.51.100.7" });
        const his = await insert({ ip: "2001:db8::100" }, bob);
        expect(await search({ query: "ADA@EX" })).toEqual([hers]);
        expect(await search({ query: "byron" })).toEqual([hers]);
        expect(await search({ query: "sample" })).toEqual([his]);
        expect(await search({ query: "198.51." })).toEqual([hers]);
        expect(await search({ query: "2001:db8" })).toEqual([his]);
        expect(await search({ query: "2001:DB8::" })).toEqual([his]);
        expect(await search({ query: "100.7" })).toEqual([]);
        expect(await search({ query: ".test" })).toEqual([hers, his].toSorted());
        expect(await search({ query: "nobody" })).toEqual([]);
      });

      it.each(["%", "_", "\\", "a%test", "ada_example", "198_51"])(
        "takes %j as it is written",
        async (query) => {
          const odd = await subject.addUser({ name: `odd ${query} name` });
          await insert({ ip: "198.51.100.7" });
          const its = await insert({}, odd);
          expect(await search({ query })).toEqual([its]);
        },
      );

      it("finds the same whether a text is rare or common, and however deep", async () => {
        const people = await Promise.all(
          ["Ada Lovelace", "Alan Turing", "Grace Hopper", null].map((name, n) =>
            subject.addUser({ name, email: `${n % 2 ? "odd" : "even"}${n}@example.test` }),
          ),
        );
        const sessions = Array.from({ length: 320 }, (_, n) => {
          // The first two have the newest sessions, so that the others are found beyond them.
          const user = people[n < 20 ? 2 + (n % 2) : n % 2] as SessionUser;
          const ended = [{}, { endedAt: NOW, endReason: "logout" }, { endedAt: NOW, endReason: "expired" }][
            n % 3
          ];
          const ip = n % 50 === 7 ? "198.51.100.7" : `203.0.113.${n % 7}`;
          return {
            user,
            ...newSession(user, { createdAt: at(-9_000 + 10 * n), ip, ...(ended as Partial<Session>) }),
          };
        });
        for (const { user: _, ...session } of sessions) await store.insert(session);
        const newestFirst = sessions.toReversed();
        for (const query of [
          "turing",
          "hopper",
          "odd",
          "odd3",
          "198.51",
          "203.0.113.6",
          "example",
          "nobody",
          "o",
        ]) {
          for (const state of [null, "live", "ended", "expired"] as const) {
            const matching = newestFirst.filter(
              ({ user, ip, ...session }) =>
                (state === null || sessionState(session, NOW) === state) &&
                (`${user.email}|${user.name}`.toLowerCase().includes(query) || ip.startsWith(query)),
            );
            const filter = { query, state, userId: null, clientId: null };
            const found = await readAll((page) => store.search(filter, page, NOW), 5);
            expect(found, `${query} ${state}`).toEqual(matching.map(({ id }) => id));
          }
        }
      });

      it("finds a session once, whatever of it matches", async () => {
        const odd = await subject.addUser({ email: "198.51@example.test", name: "198.51" });
        const its = await insert({ ip: "198.51.100.7" }, odd);
        expect(await search({ query: "198.51" })).toEqual([its]);
      });

      it("takes an e-mail address and a name for two texts", async () => {
        await insert();
        expect(await search({ query: "testada" })).toEqual([]);
        expect(await search({ query: "test ada" })).toEqual([]);
      });

      it("finds by person and by state; what has expired is found so once it has been ended", async () => {
        const bob = await subject.addUser({ email: "bob@example.test" });
        const his = await insert({}, bob);
        const live = await insert({ idleExpiresAt: at(0.001) });
        const ended = await insert({ endedAt: at(-5), endReason: "logout", idleExpiresAt: NOW });
        const expired = await insert({ endedAt: at(-5), endReason: "expired", idleExpiresAt: at(-5) });
        const expiredNow = await insert({ idleExpiresAt: NOW });
        expect(await search({ userId: bob.id })).toEqual([his]);
        expect(await search({ state: "live" })).toEqual([his, live].toSorted());
        expect(await search({ state: "ended" })).toEqual([ended]);
        expect(await search({ state: "expired" })).toEqual([expired]);
        for (const [state, id] of Object.entries({ live, ended, expired })) {
          const filter = { state: state as SessionState, userId: ada.id, query: "byron" };
          expect(await search(filter)).toEqual([id]);
          expect(await search({ ...filter, userId: bob.id })).toEqual([]);
        }
        expect(await search({})).toEqual([his, live, ended, expired, expiredNow].toSorted());
      });
    });
  });
}
