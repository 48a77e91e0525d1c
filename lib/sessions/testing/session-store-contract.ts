import { beforeEach, describe, expect, it } from "vitest";
import type { AuditEvent, Client } from "@/lib/audit/events";
import { addSeconds } from "@/lib/crypto/clock";
import { randomId } from "@/lib/crypto/random";
import type { DenialStore } from "@/lib/revocation/denial";
import { hashSessionSecret, newSessionSecret } from "../refresh-token";
import type { Session, SessionUser } from "../session";
import type { NamedSelection, ProvenGeneration, SessionEnding, SessionStore } from "../session-store";

/** One implementation of the port, empty, with what stands around it. */
export interface SessionStoreSubject {
  store: SessionStore;
  denials: DenialStore;
  addUser(user: Partial<SessionUser>): Promise<SessionUser>;
  /** The id of a client that wants to hear of what ends. */
  addClient(): Promise<string>;
  /** The grants of which clients are to hear that they have ended. */
  toldOf(): Promise<string[]>;
  /** All that was recorded, oldest first. */
  readEvents(): Promise<Omit<AuditEvent, "at">[]>;
}

export const NOW = new Date("2027-03-01T12:00:00.000Z");
const DAY_SECONDS = 86_400;
const at = (seconds: number): Date => addSeconds(NOW, seconds);
const BROWSER: Client = { ip: "192.0.2.1", userAgent: "Firefox" };
const OTHER: Client = { ip: "2001:db8::7", userAgent: "Chrome" };
const RACERS = 50;

export function newSession(user: Pick<SessionUser, "id">, overrides: Partial<Session> = {}): Session {
  return {
    id: randomId(),
    userId: user.id,
    secretHash: hashSessionSecret(newSessionSecret()),
    generation: 3,
    rotatedAt: at(-600),
    acknowledgedGeneration: 3,
    acknowledgedAt: at(-590),
    recoveredGeneration: null,
    authenticatedAt: at(-DAY_SECONDS),
    createdAt: at(-DAY_SECONDS),
    lastSeenAt: at(-590),
    idleExpiresAt: at(6 * DAY_SECONDS),
    expiresAt: at(29 * DAY_SECONDS),
    endedAt: null,
    endReason: null,
    grant: null,
    ...BROWSER,
    ...overrides,
  };
}

export function sessionEnding(overrides: Partial<SessionEnding> = {}): SessionEnding {
  return {
    now: NOW,
    reason: "logout",
    denyUntil: at(610),
    isTold: true,
    quietSince: at(-640),
    event: { type: "session.ended", actorId: null, client: BROWSER, details: { reason: "logout" } },
    ...overrides,
  };
}

/** What every implementation of `SessionStore` must do. */
export function describeSessionStore(name: string, open: () => Promise<SessionStoreSubject>): void {
  describe(name, () => {
    let subject: SessionStoreSubject;
    let store: SessionStore;
    let ada: SessionUser;
    beforeEach(async () => {
      subject = await open();
      store = subject.store;
      ada = await subject.addUser({ email: "ada@example.test", name: "Ada" });
    });

    const insert = async (overrides: Partial<Session> = {}, user: SessionUser = ada): Promise<Session> => {
      const session = newSession(user, overrides);
      await store.insert(session);
      return session;
    };
    const proofOf = ({ id, secretHash, generation }: Session): ProvenGeneration => ({
      sessionId: id,
      secretHash,
      generation,
      clientId: null,
    });
    const rotate = (proven: ProvenGeneration, now = NOW) =>
      store.rotate(proven, { now, idleSeconds: 7 * DAY_SECONDS, client: OTHER });
    const byIds = (...ids: string[]): NamedSelection => ({ kind: "ids", ids, ownedBy: null });
    const isDenied = (sid: string) => subject.denials.covers({ jti: "none", sid, kid: "none" }, NOW);

    describe("find", () => {
      it("returns what was inserted, with its person and no password", async () => {
        const session = await insert({ recoveredGeneration: 2 });
        const { user, ...found } = (await store.find(session.id)) ?? { user: null };
        expect({ ...found, secretHash: Buffer.from(session.secretHash) }).toEqual({
          ...session,
          secretHash: Buffer.from(session.secretHash),
        });
        expect(user).toEqual(ada);
      });

      it("returns null for an id that names nothing", async () => {
        expect(await store.find(randomId())).toBeNull();
      });
    });

    describe("rotate", () => {
      it("moves the session to the next generation, and says from where and until when", async () => {
        const session = await insert();
        const rotated = await rotate(proofOf(session));
        const changed = {
          generation: 4,
          rotatedAt: NOW,
          lastSeenAt: NOW,
          idleExpiresAt: at(7 * DAY_SECONDS),
          ...OTHER,
        };
        const expected = { ...session, ...changed, secretHash: rotated?.secretHash, user: ada };
        expect(rotated).toEqual(expected);
        expect(await store.find(session.id)).toEqual(expected);
      });

      it("of fifty callers with one generation lets exactly one win", async () => {
        const session = await insert();
        const results = await Promise.all(Array.from({ length: RACERS }, () => rotate(proofOf(session))));
        expect(results.filter((result) => result !== null).map((result) => result?.generation)).toEqual([4]);
        expect((await store.find(session.id))?.generation).toBe(4);
      });

      it("never moves the idle limit beyond the absolute one", async () => {
        const session = await insert({ idleExpiresAt: at(60), expiresAt: at(DAY_SECONDS) });
        expect((await rotate(proofOf(session)))?.idleExpiresAt).toEqual(at(DAY_SECONDS));
      });

      it("works until the millisecond before the limits", async () => {
        const idle = await insert({ idleExpiresAt: at(0.001) });
        const absolute = await insert({ idleExpiresAt: at(0.001), expiresAt: at(0.001) });
        expect(await rotate(proofOf(idle))).not.toBeNull();
        expect(await rotate(proofOf(absolute))).not.toBeNull();
      });

      const ended = { endedAt: at(-1), endReason: "logout" } as const;
      it.each<[string, Partial<Session>, Partial<ProvenGeneration>]>([
        ["an older generation", {}, { generation: 2 }],
        ["a generation not yet made", {}, { generation: 4 }],
        ["another secret", {}, { secretHash: hashSessionSecret(Buffer.alloc(32)) }],
        ["another session's id", {}, { sessionId: randomId() }],
        ["a session that was ended", ended, {}],
        ["a session at its idle limit", { idleExpiresAt: NOW }, {}],
        ["a session at its absolute limit", { idleExpiresAt: NOW, expiresAt: NOW }, {}],
      ])("refuses %s and changes nothing", async (_what, state, proof) => {
        const session = await insert(state);
        const before = await store.find(session.id);
        expect(await rotate({ ...proofOf(session), ...proof })).toBeNull();
        expect(await store.find(session.id)).toEqual(before);
      });

      it("refuses a person who has been disabled, and changes nothing", async () => {
        const eve = await subject.addUser({ email: "eve@example.test", status: "disabled" });
        const session = await insert({}, eve);
        const before = await store.find(session.id);
        expect(await rotate(proofOf(session))).toBeNull();
        expect(await store.find(session.id)).toEqual(before);
      });

      it("and end at the same time leave the session ended, and a rotation after it impossible", async () => {
        const sessions = await Promise.all(Array.from({ length: 20 }, () => insert()));
        await Promise.all(
          sessions.flatMap((session) => [
            rotate(proofOf(session)),
            store.end(byIds(session.id), sessionEnding()),
          ]),
        );
        for (const session of sessions) {
          const found = await store.find(session.id);
          expect(found?.endedAt).toEqual(NOW);
          expect(await isDenied(session.id)).toBe(true);
          expect(await rotate({ ...proofOf(session), generation: found?.generation ?? 0 })).toBeNull();
        }
      });
    });

    describe("acknowledge", () => {
      const unseen = { acknowledgedGeneration: 2, acknowledgedAt: at(-1200), lastSeenAt: at(-600) };

      it("marks the current generation as seen now", async () => {
        const { id } = await insert(unseen);
        expect(await store.acknowledge(id, 3, NOW)).toBe(true);
        const seen = { acknowledgedGeneration: 3, acknowledgedAt: NOW, lastSeenAt: NOW };
        expect(await store.find(id)).toMatchObject(seen);
      });

      it("happens once, however many ask", async () => {
        const { id } = await insert(unseen);
        const answers = await Promise.all(
          Array.from({ length: RACERS }, () => store.acknowledge(id, 3, NOW)),
        );
        expect(answers.filter(Boolean)).toHaveLength(1);
        expect(await store.acknowledge(id, 3, at(60))).toBe(false);
        expect((await store.find(id))?.acknowledgedAt).toEqual(NOW);
      });

      it.each<[string, Partial<Session>, number]>([
        ["an older generation", unseen, 2],
        ["a generation not yet made", unseen, 4],
        ["a session that was ended", { ...unseen, endedAt: NOW, endReason: "logout" }, 3],
      ])("refuses %s and changes nothing", async (_what, state, generation) => {
        const { id } = await insert(state);
        const before = await store.find(id);
        expect(await store.acknowledge(id, generation, at(1))).toBe(false);
        expect(await store.find(id)).toEqual(before);
      });
    });

    describe("markRecovered", () => {
      it("remembers the current generation, as often as it is asked", async () => {
        const { id } = await insert({ acknowledgedGeneration: 2, recoveredGeneration: 1 });
        expect(await store.markRecovered(id, 3, NOW)).toBe(true);
        expect(await store.markRecovered(id, 3, NOW)).toBe(true);
        expect(await store.find(id)).toMatchObject({ recoveredGeneration: 3, lastSeenAt: NOW });
      });

      it.each<[string, Partial<Session>, number]>([
        ["an older generation", {}, 2],
        ["a generation not yet made", {}, 4],
        ["a session that was ended", { endedAt: NOW, endReason: "logout" }, 3],
      ])("refuses %s and changes nothing", async (_what, state, generation) => {
        const { id } = await insert(state);
        expect(await store.markRecovered(id, generation, NOW)).toBe(false);
        expect((await store.find(id))?.recoveredGeneration).toBeNull();
      });
    });

    it("recentAddresses tells from where the person had sessions, ended or not", async () => {
      const bob = await subject.addUser({ email: "bob@example.test" });
      await insert({ ip: "198.51.100.1", endedAt: NOW, endReason: "logout" });
      await insert({ ip: "198.51.100.2" }, bob);
      expect(await store.recentAddresses(ada.id)).toEqual(["198.51.100.1"]);
    });
  });
}
