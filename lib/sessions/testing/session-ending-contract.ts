import { beforeEach, describe, expect, it } from "vitest";
import type { Client } from "@/lib/audit/events";
import { addSeconds } from "@/lib/crypto/clock";
import { randomId } from "@/lib/crypto/random";
import type { Session, SessionUser } from "../session";
import type { NamedSelection, SessionStore } from "../session-store";
import { NOW, newSession, type SessionStoreSubject, sessionEnding } from "./session-store-contract";

const at = (seconds: number): Date => addSeconds(NOW, seconds);
const OTHER: Client = { ip: "2001:db8::7", userAgent: "Chrome" };
const RACERS = 50;

/** How every implementation of `SessionStore` ends sessions. */
export function describeSessionEnding(name: string, open: () => Promise<SessionStoreSubject>): void {
  describe(name, () => {
    let subject: SessionStoreSubject;
    let store: SessionStore;
    let ada: SessionUser;
    beforeEach(async () => {
      subject = await open();
      store = subject.store;
      ada = await subject.addUser({ email: "ada@example.test" });
    });

    const insert = async (overrides: Partial<Session> = {}, user: SessionUser = ada): Promise<Session> => {
      const session = newSession(user, overrides);
      await store.insert(session);
      return session;
    };
    const byIds = (...ids: string[]): NamedSelection => ({ kind: "ids", ids, ownedBy: null });
    const isDenied = (sid: string) => subject.denials.covers({ jti: "none", sid, kid: "none" }, NOW);

    it("ends the session, denies its tokens and records who did it, together", async () => {
      const session = await insert();
      const event = {
        type: "refresh_token.reuse_detected",
        actorId: null,
        client: OTHER,
        details: { n: 1 },
      } as const;
      const ending = sessionEnding({ reason: "refresh_token_reuse", event });
      const denial = { kind: "sid", value: session.id, expiresAt: ending.denyUntil };
      expect(await store.end(byIds(session.id), ending)).toEqual({
        endedIds: [session.id],
        denials: [denial],
      });
      expect(await store.find(session.id)).toMatchObject({
        endedAt: NOW,
        endReason: "refresh_token_reuse",
      });
      expect(await subject.denials.readSince(null, NOW)).toMatchObject({ denials: [denial] });
      expect(await subject.readEvents()).toEqual([
        expect.objectContaining({ ...event, userId: ada.id, sessionId: session.id }),
      ]);
    });

    it("denies only what was seen since the last token that may still live", async () => {
      const quiet = await insert({ lastSeenAt: at(-640), acknowledgedAt: at(-640) });
      const seen = await insert({ lastSeenAt: at(-639.999) });
      const { endedIds, denials } = await store.end(byIds(quiet.id, seen.id), sessionEnding());
      expect(endedIds.toSorted()).toEqual([quiet.id, seen.id].toSorted());
      expect(denials.map(({ value }) => value)).toEqual([seen.id]);
      expect(await isDenied(quiet.id)).toBe(false);
    });

    it("counts, denies and records live sessions alone, and a session once", async () => {
      const live = await insert();
      const idle = await insert({ idleExpiresAt: NOW });
      const expired = await insert({ idleExpiresAt: NOW, expiresAt: NOW });
      const ended = await insert({ endedAt: at(-9), endReason: "replaced" });
      const all = byIds(live.id, idle.id, expired.id, ended.id, randomId());
      expect((await store.end(all, sessionEnding())).endedIds).toEqual([live.id]);
      expect(await store.end(all, sessionEnding({ now: at(1) }))).toEqual({ endedIds: [], denials: [] });
      expect(await store.find(live.id)).toMatchObject({ endedAt: NOW });
      expect(await store.find(ended.id)).toMatchObject({ endedAt: at(-9), endReason: "replaced" });
      expect(await store.find(idle.id)).toMatchObject({ endedAt: null, endReason: null });
      expect(await subject.readEvents()).toHaveLength(1);
    });

    it("of fifty callers lets exactly one end it", async () => {
      const { id } = await insert();
      const endings = Array.from({ length: RACERS }, () => store.end(byIds(id), sessionEnding()));
      expect((await Promise.all(endings)).flatMap(({ endedIds }) => endedIds)).toEqual([id]);
      expect(await subject.readEvents()).toHaveLength(1);
    });

    it("lets a person end their own sessions and nobody else's", async () => {
      const bob = await subject.addUser({ email: "bob@example.test" });
      const hers = await insert();
      const his = await insert({}, bob);
      const selection = { kind: "ids", ids: [hers.id, his.id], ownedBy: bob.id } as const;
      expect((await store.end(selection, sessionEnding())).endedIds).toEqual([his.id]);
      expect(await store.find(hers.id)).toMatchObject({ endedAt: null });
    });

    it("ends every session of a person but the one that asks", async () => {
      const bob = await subject.addUser({ email: "bob@example.test" });
      const his = await insert({}, bob);
      const [kept, gone, goneToo] = await Promise.all([insert(), insert(), insert()]);
      const selection = { kind: "user", userId: ada.id, exceptId: kept.id } as const;
      const { endedIds } = await store.end(selection, sessionEnding());
      expect(endedIds.toSorted()).toEqual([gone.id, goneToo.id].toSorted());
      for (const { id } of [kept, his]) expect(await store.find(id)).toMatchObject({ endedAt: null });
      const rest = { ...selection, exceptId: null };
      expect((await store.end(rest, sessionEnding())).endedIds).toEqual([kept.id]);
    });

    it("of nothing does nothing", async () => {
      await insert();
      expect(await store.end(byIds(), sessionEnding())).toEqual({ endedIds: [], denials: [] });
    });
  });
}
