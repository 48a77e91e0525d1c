import { beforeEach, describe, expect, it, test } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import type { Grant, Session, SessionEndReason, SessionUser } from "../session";
import type { NamedSelection, SessionStore } from "../session-store";
import { NOW, newSession, type SessionStoreSubject, sessionEnding } from "./session-store-contract";

const PAGE = { limit: 50, cursor: null };

/** How every implementation of `SessionStore` keeps what people have let clients do. */
export function describeGrants(name: string, open: () => Promise<SessionStoreSubject>): void {
  describe(name, () => {
    let subject: SessionStoreSubject;
    let store: SessionStore;
    let ada: SessionUser;
    let clientId: string;
    let browser: Session;
    beforeEach(async () => {
      subject = await open();
      store = subject.store;
      ada = await subject.addUser({ email: "ada@example.test" });
      clientId = await subject.addClient();
      browser = await insert(null);
    });

    async function insert(grant: Grant | null, overrides: Partial<Session> = {}): Promise<Session> {
      const session = newSession(ada, { grant, ...overrides });
      await store.insert(session);
      return session;
    }
    const grantIn = (parentId: string, changes: Partial<Grant> = {}): Grant => ({
      clientId,
      parentId,
      audience: "orders",
      scope: "openid offline_access",
      isOffline: true,
      dpopJkt: null,
      ...changes,
    });
    const end = (session: Session, reason: SessionEndReason) => {
      const selection: NamedSelection = { kind: "ids", ids: [session.id], ownedBy: null };
      return store.end(selection, sessionEnding({ reason }));
    };
    const liveOnes = async () =>
      (await store.listLiveIds({ userId: ada.id, clientId: null }, PAGE, NOW)).items;

    it("are read as they were written", async () => {
      const grant = grantIn(browser.id, { dpopJkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" });
      const session = await insert(grant);
      expect(await store.find(session.id)).toMatchObject({ grant });
      expect(await store.find(browser.id)).toMatchObject({ grant: null });
    });

    it("are renewed by their client alone, and a browser's session by no client", async () => {
      const other = await subject.addClient();
      const session = await insert(grantIn(browser.id));
      const rotation = { now: NOW, idleSeconds: 60, client: { ip: "192.0.2.1", userAgent: "cli" } };
      const rotate = ({ id, secretHash, generation }: Session, by: string | null) =>
        store.rotate({ sessionId: id, secretHash, generation, clientId: by }, rotation);
      expect(await rotate(session, other)).toBeNull();
      expect(await rotate(session, null)).toBeNull();
      expect(await rotate(browser, clientId)).toBeNull();
      expect(await rotate(session, clientId)).toMatchObject({ generation: 4, grant: session.grant });
    });

    describe("end with the browser session in which they were given", () => {
      let online: Session;
      let offline: Session;
      beforeEach(async () => {
        online = await insert(grantIn(browser.id, { isOffline: false, scope: "openid" }));
        offline = await insert(grantIn(browser.id));
        await insert(grantIn((await insert(null)).id));
      });

      test.each<SessionEndReason>(["logout", "replaced"])(
        "%s: those that are not offline",
        async (reason) => {
          const { endedIds, denials } = await end(browser, reason);
          expect(endedIds.toSorted()).toEqual([browser.id, online.id].toSorted());
          expect(denials.map(({ value }) => value).toSorted()).toEqual(endedIds.toSorted());
          expect(await store.find(online.id)).toMatchObject({ endReason: reason });
          expect(await store.find(offline.id)).toMatchObject({ endedAt: null });
        },
      );

      test.each<SessionEndReason>([
        "revoked_by_user",
        "revoked_by_admin",
        "password_changed",
        "role_changed",
        "account_disabled",
        "refresh_token_reuse",
      ])("%s: all of them, and nobody else's", async (reason) => {
        const { endedIds } = await end(browser, reason);
        expect(endedIds.toSorted()).toEqual([browser.id, online.id, offline.id].toSorted());
        expect(await liveOnes()).toHaveLength(2);
      });

      it("and their clients are to hear of it, each event naming its client", async () => {
        await end(browser, "revoked_by_admin");
        expect((await subject.toldOf()).toSorted()).toEqual([online.id, offline.id].toSorted());
        const details = (await subject.readEvents()).map((event) => [
          event.sessionId,
          event.details.clientId,
        ]);
        expect(Object.fromEntries(details)).toEqual({
          [browser.id]: undefined,
          [online.id]: clientId,
          [offline.id]: clientId,
        });
      });

      it("and their clients hear nothing where nobody is to be told", async () => {
        const selection: NamedSelection = { kind: "ids", ids: [online.id], ownedBy: null };
        expect((await store.end(selection, sessionEnding({ isTold: false }))).endedIds).toEqual([online.id]);
        expect(await subject.toldOf()).toEqual([]);
      });

      it("and are left out with it, but for those that may go on without it", async () => {
        const others = await store.listLiveIds(
          { userId: ada.id, clientId: null, exceptId: browser.id },
          PAGE,
          NOW,
        );
        const all = await liveOnes();
        expect(all).toHaveLength(5);
        expect(others.items).toEqual(all.filter((id) => id !== browser.id && id !== online.id));
        expect(others.items).toContain(offline.id);
      });

      it("but not the other way round", async () => {
        expect((await end(offline, "revoked_by_user")).endedIds).toEqual([offline.id]);
        expect(await store.find(browser.id)).toMatchObject({ endedAt: null });
      });

      it("unless a sign-in has handed them over to another one", async () => {
        const next = await insert(null);
        await store.adoptGrants(ada.id, browser.id, next.id, NOW);
        expect((await end(browser, "replaced")).endedIds).toEqual([browser.id]);
        expect((await end(next, "logout")).endedIds.toSorted()).toEqual([next.id, online.id].toSorted());
      });

      it("and nobody's are handed over to somebody else", async () => {
        const bob = await subject.addUser({ email: "bob@example.test" });
        const his = newSession(bob);
        await store.insert(his);
        await store.adoptGrants(bob.id, browser.id, his.id, NOW);
        expect(await store.find(offline.id)).toMatchObject({ grant: { parentId: browser.id } });
      });

      it("nor handed over once it has ended, or its time has passed", async () => {
        const next = await insert(null);
        await store.adoptGrants(ada.id, browser.id, next.id, browser.idleExpiresAt);
        expect(await store.find(offline.id)).toMatchObject({ grant: { parentId: browser.id } });
        await end(browser, "logout");
        await store.adoptGrants(ada.id, browser.id, next.id, NOW);
        expect(await store.find(offline.id)).toMatchObject({
          endedAt: null,
          grant: { parentId: browser.id },
        });
      });
    });

    it("are in no list of browsers, and browsers in none of theirs", async () => {
      const older = await insert(grantIn(browser.id), { createdAt: addSeconds(NOW, -60) });
      const newer = await insert(grantIn(browser.id), { createdAt: addSeconds(NOW, -30) });
      await insert(grantIn(browser.id), { endedAt: NOW, endReason: "revoked_by_user" });
      await insert(grantIn(browser.id), { idleExpiresAt: NOW });
      const browsers = await store.listLiveOfUser(ada.id, PAGE, NOW);
      expect(browsers.items.map(({ id }) => id)).toEqual([browser.id]);
      const grants = await store.listLiveGrants(ada.id, 50, NOW);
      expect(grants.map(({ id }) => id)).toEqual([newer.id, older.id]);
      expect(await store.listLiveGrants(ada.id, 1, NOW)).toHaveLength(1);
    });

    it("say nothing of where the person is", async () => {
      await insert(grantIn(browser.id), { ip: "198.51.100.200" });
      expect(await store.recentAddresses(ada.id)).toEqual([browser.ip]);
    });

    it("are found by their client", async () => {
      const other = await subject.addClient();
      const theirs = await insert(grantIn(browser.id));
      await insert(grantIn(browser.id, { clientId: other }));
      const filter = { query: null, userId: null, state: null, clientId };
      expect((await store.search(filter, PAGE, NOW)).items.map(({ id }) => id)).toEqual([theirs.id]);
      const live = await store.listLiveIds({ userId: null, clientId: other }, PAGE, NOW);
      expect(live.items).toHaveLength(1);
      expect(live.items).not.toContain(theirs.id);
    });

    it("are given in a session that may go on, and in no other", async () => {
      const ended = await insert(null, { endedAt: NOW, endReason: "logout" });
      expect(await store.holdLive(browser.id, NOW)).toMatchObject({ id: browser.id, user: { id: ada.id } });
      expect(await store.holdLive(ended.id, NOW)).toBeNull();
      expect(await store.holdLive("AAAAAAAAAAAAAAAAAAAAAA", NOW)).toBeNull();
    });
  });
}
