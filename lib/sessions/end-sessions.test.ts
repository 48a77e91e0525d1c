import { beforeEach, describe, expect, it } from "vitest";
import { endSessions } from "./end-sessions";
import type { Session } from "./session";
import type { SessionSelection } from "./session-store";
import { ADA, createHarness, type SessionHarness } from "./testing/session-harness";
import { newSession } from "./testing/session-store-contract";

/** More than two batches. */
const MANY = 2_500;
const BOB = { ...ADA, id: "00000000-0000-4000-8000-0000000000b0", email: "bob@example.test" };
const EVENT = { actorId: null, client: null, details: {} };

let harness: SessionHarness;
beforeEach(() => {
  harness = createHarness();
  harness.store.users.set(BOB.id, BOB);
});

const end = (selection: SessionSelection) => endSessions(harness.deps, selection, "revoked_by_admin", EVENT);
const everyone = { kind: "all", exceptId: null } as const;

/** Sessions from the oldest to the newest. */
async function insert(count: number, user = ADA): Promise<Session[]> {
  const sessions = Array.from({ length: count }, (_, n) => newSession(user, { createdAt: secondsIn(n) }));
  for (const session of sessions) await harness.store.insert(session);
  return sessions;
}
const secondsIn = (seconds: number) => new Date(harness.clock.now().getTime() + seconds * 1000);
const idsOf = (sessions: readonly Session[]) => sessions.map(({ id }) => id);
const countLive = async (user: typeof ADA) =>
  (
    await harness.store.listLiveIds(
      { userId: user.id, clientId: null },
      { limit: 9_999, cursor: null },
      harness.clock.now(),
    )
  ).items.length;

/** Runs before each batch ends; the first is number one. */
function beforeBatch(work: (batch: number) => void): void {
  const endOfStore = harness.store.end.bind(harness.store);
  let batch = 0;
  harness.store.end = async (...asked) => {
    batch += 1;
    work(batch);
    return endOfStore(...asked);
  };
}

describe("ending many sessions", () => {
  it("ends each once, denies and records it, from the newest to the oldest", async () => {
    const [hers, his] = [await insert(MANY), await insert(MANY, BOB)];
    const ended = await end(everyone);
    expect(ended.toSorted()).toEqual(idsOf([...hers, ...his]).toSorted());
    expect(new Set(ended.slice(0, 1_000))).toEqual(new Set(idsOf([...hers.slice(-500), ...his.slice(-500)])));
    expect(harness.store.events).toHaveLength(2 * MANY);
    const { denials } = await harness.denials.readSince(null, harness.clock.now());
    expect(new Set(denials.map(({ value }) => value))).toEqual(new Set(ended));
    expect(await end(everyone)).toEqual([]);
  });

  it("of a person leaves the one that asks, and everybody else's", async () => {
    const hers = await insert(MANY);
    await insert(3, BOB);
    const kept = hers[1_200]?.id as string;
    const ended = await end({ kind: "user", userId: ADA.id, exceptId: kept });
    expect(ended).toHaveLength(MANY - 1);
    expect(ended).not.toContain(kept);
    expect([await countLive(ADA), await countLive(BOB)]).toEqual([1, 3]);
  });

  it("of everyone leaves the one that asks", async () => {
    const [kept] = idsOf(await insert(3));
    await insert(2, BOB);
    expect(await end({ kind: "all", exceptId: kept as string })).toHaveLength(4);
    expect([await countLive(ADA), await countLive(BOB)]).toEqual([1, 0]);
  });

  it("does not run after sessions that start meanwhile", async () => {
    await insert(MANY);
    beforeBatch(() => harness.store.insert(newSession(BOB, { createdAt: secondsIn(MANY) })));
    expect(await end(everyone)).toHaveLength(MANY);
    expect(await countLive(BOB)).toBe(3);
  });

  it("denies each batch for as long as a token of then may live", async () => {
    await insert(MANY);
    beforeBatch(() => harness.clock.pass(60));
    await end(everyone);
    const { denials } = await harness.denials.readSince(null, harness.clock.now());
    expect(new Set(denials.map(({ expiresAt }) => expiresAt.getTime())).size).toBe(3);
  });

  it("that fails on the way has ended the newest, and goes on when it is asked again", async () => {
    await insert(MANY);
    let isDown = true;
    beforeBatch((batch) => {
      if (batch === 3 && isDown) throw new Error("the database is down");
    });
    await expect(end(everyone)).rejects.toThrow("down");
    expect(await countLive(ADA)).toBe(500);
    isDown = false;
    expect(await end(everyone)).toHaveLength(500);
  });
});
