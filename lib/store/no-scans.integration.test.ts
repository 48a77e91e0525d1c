import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { addSeconds } from "@/lib/crypto/clock";
import type { Session, SessionState, SessionUser } from "@/lib/sessions/session";
import type { SessionStore } from "@/lib/sessions/session-store";
import { NOW, newSession, sessionEnding } from "@/lib/sessions/testing/session-store-contract";
import { createClient } from "./client";
import { openStores } from "./stores";
import { addUser, copySession } from "./testing/session-store-subject";

const PEOPLE = 200;
const SESSIONS_EACH = 100;

let database: TestDatabase;
let sql: Client;
let ada: SessionUser;
let session: Session;
beforeAll(async () => {
  database = await freshDatabase();
  sql = new Client({ connectionString: database.url });
  await sql.connect();
  const db = createClient(database.url);
  for (let n = 0; n < PEOPLE; n += 1) {
    ada = await addUser(db, { email: `${n}@example.test`, name: n % 2 ? "Ada" : null });
    const ended = [{}, { endedAt: NOW, endReason: "logout" }, { endedAt: NOW, endReason: "expired" }][n % 3];
    session = newSession(ada, { ip: `192.0.2.${n}`, ...(ended as Partial<Session>) });
    await db.session.create({ data: session });
    await copySession(db, session, SESSIONS_EACH - 1);
  }
  await db.$disconnect();
  await sql.query("ANALYZE");
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

const page = { limit: 50, cursor: null };
const search = (query: string | null, state: SessionState | null, userId: string | null = null) => {
  return (store: SessionStore) => store.search({ query, state, userId }, page, NOW);
};

let rowsBefore: number;
beforeEach(async () => {
  rowsBefore = await rowsScanned();
});

it.each<[string, (store: SessionStore) => Promise<unknown>]>([
  ["all sessions", search(null, null)],
  ["live ones", search(null, "live")],
  ["ended ones", search(null, "ended")],
  ["expired ones", search(null, "expired")],
  ["those of a person", (store) => search(null, null, ada.id)(store)],
  ["those named by a rare text", search("199@ex", null)],
  ["those named by a common text", search("example", "live")],
  ["those named by no text", search("nobody", "expired")],
  ["those of an address", search("192.0.2.7", null)],
  ["those of many addresses", search("192.", "ended")],
  ["the last page", lastPage],
  ["a person's own", (store) => store.listLiveOfUser(ada.id, page, NOW)],
  ["the ids of everyone's", (store) => store.listLiveIds(null, page, NOW)],
  ["a person's addresses", (store) => store.recentAddresses(ada.id)],
  ["one that is refreshed", refresh],
  [
    "one that is ended",
    (store) => store.end({ kind: "ids", ids: [session.id], ownedBy: null }, sessionEnding()),
  ],
  [
    "a person's that are ended",
    (store) => store.end({ kind: "user", userId: ada.id, exceptId: null }, sessionEnding()),
  ],
])("%s: the table of sessions is not read from end to end", async (_what, work) => {
  const stores = openStores(database.url);
  await work(stores.sessions);
  await stores.close();
  expect(await rowsScanned()).toBe(rowsBefore);
});

it("nor to clean up", async () => {
  const stores = openStores(database.url);
  await stores.cleanUp(addSeconds(NOW, 86_400));
  await stores.close();
  expect(await rowsScanned()).toBe(rowsBefore);
});

async function lastPage(store: SessionStore) {
  const filter = { query: "example", state: null, userId: null };
  const createdAt = addSeconds(session.createdAt, 20 - SESSIONS_EACH);
  const cursor = Buffer.from(JSON.stringify([createdAt.toISOString(), session.id])).toString("base64url");
  expect((await store.search(filter, { limit: 200, cursor }, NOW)).items.length).toBeGreaterThan(0);
}

function refresh(store: SessionStore) {
  const client = { ip: "192.0.2.1", userAgent: "Firefox" };
  const { id: sessionId, secretHash, generation } = session;
  return store.rotate({ sessionId, secretHash, generation }, { now: NOW, idleSeconds: 60, client });
}

/** Rows of `sessions` read by scans of the whole table; complete once every other connection has closed. */
async function rowsScanned(): Promise<number> {
  for (;;) {
    const { rowCount } = await sql.query(
      `SELECT 1 FROM pg_stat_activity
       WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
    );
    if (rowCount === 0) break;
  }
  const { rows } = await sql.query("SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'sessions'");
  return Number(rows[0].seq_tup_read);
}
