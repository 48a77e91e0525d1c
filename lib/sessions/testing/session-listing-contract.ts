import { beforeEach, describe, expect, it } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import type { Session, SessionUser } from "../session";
import type { Listing, Page, SessionFilter, SessionStore } from "../session-store";
import { NOW, newSession, type SessionStoreSubject } from "./session-store-contract";

const at = (seconds: number): Date => addSeconds(NOW, seconds);
const EVERYTHING: SessionFilter = { query: null, userId: null, state: null };

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

    it("lists a person's live sessions alone", async () => {
      const bob = await subject.addUser({ email: "bob@example.test" });
      const live = await insert();
      await insert({}, bob);
      await insert({ endedAt: NOW, endReason: "logout" });
      await insert({ idleExpiresAt: NOW });
      await insert({ idleExpiresAt: NOW, expiresAt: NOW });
      expect(idsOf(await store.listLiveOfUser(ada.id, { limit: 50, cursor: null }, NOW))).toEqual([live]);
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

      it("finds by person and by state, which are together all there is", async () => {
        const bob = await subject.addUser({ email: "bob@example.test" });
        const his = await insert({}, bob);
        const live = await insert({ idleExpiresAt: at(0.001) });
        const idle = await insert({ idleExpiresAt: NOW });
        const expired = await insert({ idleExpiresAt: NOW, expiresAt: NOW });
        const ended = await insert({ endedAt: at(-5), endReason: "logout", idleExpiresAt: NOW });
        expect(await search({ userId: bob.id })).toEqual([his]);
        expect(await search({ state: "live" })).toEqual([his, live].toSorted());
        expect(await search({ state: "expired" })).toEqual([idle, expired].toSorted());
        expect(await search({ state: "ended" })).toEqual([ended]);
        expect(await search({ state: "live", userId: ada.id, query: "byron" })).toEqual([live]);
        expect(await search({})).toEqual([his, live, idle, expired, ended].toSorted());
      });
    });
  });
}
