import pLimit from "p-limit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { createMetrics } from "@/lib/metrics/metrics";
import { strictDenylist } from "@/lib/revocation/testing/denylists";
import { endSessions } from "@/lib/sessions/end-sessions";
import { describeGrants } from "@/lib/sessions/testing/grants-contract";
import { describeSessionEnding } from "@/lib/sessions/testing/session-ending-contract";
import { describeSessionListing } from "@/lib/sessions/testing/session-listing-contract";
import {
  describeSessionStore,
  NOW,
  newSession,
  sessionEnding,
} from "@/lib/sessions/testing/session-store-contract";
import { createClient } from "./client";
import type { PrismaClient } from "./generated/client";
import { type DatabaseStores, openStores } from "./stores";
import { copySession, sessionStoreSubject } from "./testing/session-store-subject";

let database: TestDatabase;
let stores: DatabaseStores;
let db: PrismaClient;
beforeAll(async () => {
  database = await freshDatabase();
  stores = openStores(database.url);
  db = createClient(database.url);
});
afterAll(async () => {
  await Promise.all([stores.close(), db.$disconnect()]);
  await database.drop();
});
const open = () => sessionStoreSubject(db, stores);

describeSessionStore("sessions in Postgres", open);
describeSessionEnding("ending sessions in Postgres", open);
describeSessionListing("lists of sessions in Postgres", open);
describeGrants("grants in Postgres", open);

describe("ending sessions", () => {
  const oneOf = (id: string) => ({ kind: "ids", ids: [id], ownedBy: null }) as const;

  it("leaves the session live and undenied when its event cannot be written", async () => {
    const subject = await open();
    const session = newSession(await subject.addUser({}));
    await stores.sessions.insert(session);
    const event = { ...sessionEnding().event, type: "not an event" as "session.ended" };
    await expect(stores.sessions.end(oneOf(session.id), sessionEnding({ event }))).rejects.toThrow();
    expect(await stores.sessions.find(session.id)).toMatchObject({ endedAt: null });
    expect(await stores.denials.covers({ jti: "none", sid: session.id, kid: "none" }, NOW)).toBe(false);
    expect(await subject.readEvents()).toEqual([]);
  });

  it("is undone with the rest of a transaction that fails", async () => {
    const subject = await open();
    const session = newSession(await subject.addUser({}));
    await stores.sessions.insert(session);
    const work = stores.atomically(async (tx) => {
      await tx.sessions.end(oneOf(session.id), sessionEnding());
      throw new Error("something else went wrong");
    });
    await expect(work).rejects.toThrow("something else");
    expect(await stores.sessions.find(session.id)).toMatchObject({ endedAt: null });
    expect(await stores.denials.covers({ jti: "none", sid: session.id, kid: "none" }, NOW)).toBe(false);
  });

  it("tells every replica again when the session was denied before, for a shorter time", async () => {
    const { addUser, denials } = await open();
    const session = newSession(await addUser({}));
    await stores.sessions.insert(session);
    await denials.deny({ kind: "sid", value: session.id, expiresAt: new Date(NOW.getTime() + 1_000) });
    await db.$executeRaw`UPDATE denials SET recorded_at = clock_timestamp() - interval '1 hour'`;
    const { cursor } = await denials.readSince(null, NOW);
    const { denials: made } = await stores.sessions.end(oneOf(session.id), sessionEnding());
    expect((await denials.readSince(cursor, NOW)).denials).toMatchObject(made);
  });
});

it("a person who is being disabled gets no token out of a refresh on the way", async () => {
  const { addUser } = await open();
  const user = await addUser({});
  const sessions = Array.from({ length: 20 }, () => newSession(user));
  for (const session of sessions) await stores.sessions.insert(session);
  const disable = stores.atomically(async (tx) => {
    await tx.users.change(user.id, { status: "disabled" });
    return tx.sessions.end({ kind: "user", userId: user.id, exceptId: null }, sessionEnding());
  });
  const rotations = sessions.map(({ id, secretHash, generation }) =>
    stores.sessions.rotate(
      { sessionId: id, secretHash, generation, clientId: null },
      { now: NOW, idleSeconds: 60, client: { ip: "192.0.2.1", userAgent: "" } },
    ),
  );
  const [{ denials }] = await Promise.all([disable, ...rotations]);
  expect(denials).toHaveLength(sessions.length);
  const { items } = await stores.sessions.listLiveOfUser(user.id, { limit: 50, cursor: null }, NOW);
  expect(items).toEqual([]);
});

it("of two who end everyone's sessions while they are refreshed each session is ended, by one", async () => {
  const { addUser, denials } = await open();
  const first = newSession(await addUser({}));
  await stores.sessions.insert(first);
  await copySession(db, first, 2_999);
  const clock = { now: () => NOW };
  const deps = {
    store: stores.sessions,
    denylist: strictDenylist(denials, clock),
    clock,
    metrics: createMetrics([]),
  };
  const event = { actorId: null, client: null, details: {} };
  const endAll = () => endSessions(deps, { kind: "all", exceptId: null }, "revoked_by_admin", event);
  const rows = await db.session.findMany({ take: 500, orderBy: { id: "asc" } });
  // Fewer than there are connections: whoever waits for a free one too long fails.
  const limit = pLimit(6);
  const refreshes = limit.map(rows, ({ id, secretHash, generation }) =>
    stores.sessions.rotate(
      { sessionId: id, secretHash, generation, clientId: null },
      { now: NOW, idleSeconds: 60, client: { ip: "192.0.2.1", userAgent: "" } },
    ),
  );
  const [one, other] = await Promise.all([endAll(), endAll(), refreshes]);
  expect(new Set([...one, ...other]).size).toBe(3_000);
  expect(one.length + other.length).toBe(3_000);
  expect(await db.session.count({ where: { endedAt: null } })).toBe(0);
  expect((await denials.readSince(null, NOW)).denials).toHaveLength(3_000);
});
