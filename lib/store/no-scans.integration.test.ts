import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { addSeconds } from "@/lib/crypto/clock";
import type { Session, SessionState, SessionUser } from "@/lib/sessions/session";
import type { SessionStore } from "@/lib/sessions/session-store";
import { NOW, newSession, sessionEnding } from "@/lib/sessions/testing/session-store-contract";
import { createClient } from "./client";
import { openStores, type Stores } from "./stores";
import { newClient, newCode, newDeviceAuthorization, type Parties, randomHash } from "./testing/oauth-rows";
import { addUser, copySession } from "./testing/session-store-subject";

const PEOPLE = 200;
const SESSIONS_EACH = 100;
const CLIENTS = 10_000;
const ROWS_OF_OAUTH = 5_000;

const TABLES = [
  "sessions",
  "clients",
  "consents",
  "authorization_codes",
  "pushed_requests",
  "device_authorizations",
  "used_proofs",
  "logout_deliveries",
];

let database: TestDatabase;
let sql: Client;
let ada: SessionUser;
let session: Session;
let parties: Parties;
beforeAll(async () => {
  database = await freshDatabase();
  await fill();
  // A connection tells what it has read when it closes, or at a moment of its own: this one has read nothing yet.
  sql = await connect();
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

async function connect(): Promise<Client> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  return client;
}

async function fill(): Promise<void> {
  sql = await connect();
  const [stores, db] = [openStores(database.url), createClient(database.url)];
  for (let n = 0; n < PEOPLE; n += 1) {
    ada = await addUser(db, { email: `${n}@example.test`, name: n % 2 ? "Ada" : null });
    const ended = [{}, { endedAt: NOW, endReason: "logout" }, { endedAt: NOW, endReason: "expired" }][n % 3];
    session = newSession(ada, { ip: `192.0.2.${n}`, ...(ended as Partial<Session>) });
    await stores.sessions.insert(session);
    await copySession(db, session, SESSIONS_EACH - 1);
  }
  await Promise.all([stores.close(), db.$disconnect()]);
  await addGrants();
  await addRowsOfOAuth();
  await sql.query("ANALYZE");
  await sql.end();
}

const page = { limit: 50, cursor: null };
const search = (query: string | null, state: SessionState | null, userId: string | null = null) => {
  return (store: SessionStore) => store.search({ query, state, userId, clientId: null }, page, NOW);
};

/** Many clients; in each tenth browser a grant to one of them, and every other goes on without it. */
async function addGrants(): Promise<void> {
  const { id: clientId } = newClient();
  await sql.query(
    `INSERT INTO clients (id, name, auth_method, grant_types, redirect_uris, post_logout_redirect_uris, origins, scope,
       audiences, algorithm, requires_dpop, requires_pushed_requests, tokens_id, created_at, updated_at)
     SELECT CASE n WHEN 1 THEN $1 ELSE 'client_' || left(md5(n::text), 22) END, 'Wages', 'none',
       '{authorization_code}', '{http://127.0.0.1/callback}', '{}', ARRAY['https://' || n || '.example'], 'openid', '{}',
       'ES256', false, false, md5(n::text), $2::timestamptz + n * interval '1 s', $2
     FROM generate_series(1, $3::int) AS n`,
    [clientId, NOW, CLIENTS],
  );
  await sql.query(
    `INSERT INTO sessions (id, user_id, secret_hash, rotated_at, acknowledged_at, authenticated_at, created_at,
       last_seen_at, idle_expires_at, expires_at, ended_at, end_reason, ip, user_agent, client_id, parent_id, audience,
       scope, is_offline)
     SELECT left(md5('grant' || s.id), 22), user_id, s.secret_hash, rotated_at, acknowledged_at, authenticated_at,
       s.created_at, last_seen_at, idle_expires_at, expires_at, ended_at, end_reason, ip, user_agent, c.id, s.id,
       'orders', 'openid', s.n % 20 = 0
     FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM sessions) AS s
     JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM clients) AS c ON c.n = 1 + s.n / 10 % $1::int
     WHERE s.n % 10 = 0`,
    [CLIENTS],
  );
  parties = { clientId, userId: ada.id, parentId: session.id };
}

/** Of these, those that come first have expired a day later. */
async function addRowsOfOAuth(): Promise<void> {
  const { clientId, userId, parentId } = parties;
  const rows = `FROM generate_series(1, ${ROWS_OF_OAUTH}) AS n,
    LATERAL (SELECT '${NOW.toISOString()}'::timestamptz + interval '22 hours' + n * interval '10 s' AS at) AS times`;
  const hash = (what: string) => `sha256(('${what}' || n)::bytea)`;
  await sql.query(`
    INSERT INTO consents (user_id, client_id, audience, scope, granted_at)
    SELECT '${userId}'::uuid, '${clientId}', 'audience ' || n, 'openid', at ${rows};
    INSERT INTO authorization_codes (hash, client_id, user_id, parent_id, redirect_uri, audience, scope, code_challenge,
      created_at, expires_at)
    SELECT ${hash("code")}, '${clientId}', '${userId}'::uuid, '${parentId}', 'http://127.0.0.1/', 'orders', 'openid',
      repeat('A', 43), at, at ${rows};
    INSERT INTO pushed_requests (hash, client_id, parameters, expires_at)
    SELECT ${hash("request")}, '${clientId}', '{}', at ${rows};
    INSERT INTO device_authorizations (hash, user_code_hash, client_id, audience, scope, ip, user_agent,
      interval_seconds, created_at, expires_at)
    SELECT ${hash("device")}, ${hash("user")}, '${clientId}', 'orders', 'openid', '192.0.2.1', 'television', 5, at, at
    ${rows};
    INSERT INTO used_proofs (hash, expires_at) SELECT ${hash("proof")}, at ${rows};
    INSERT INTO logout_deliveries (client_id, user_id, session_id, created_at, next_attempt_at)
    SELECT '${clientId}', '${userId}'::uuid, 'session ' || n, at, at ${rows}`);
}

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
  ["the ids of everyone's", (store) => store.listLiveIds({ userId: null, clientId: null }, page, NOW)],
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

const ending = sessionEnding();
it.each<[string, (stores: Stores) => Promise<unknown>]>([
  ["a client", ({ clients }) => clients.find(parties.clientId)],
  ["some clients", ({ clients }) => clients.findAll([parties.clientId])],
  ["the clients", ({ clients }) => clients.list(page)],
  ["the clients of a later page", laterClients],
  ["an origin", ({ clients }) => clients.isOrigin("https://7.example")],
  ["an origin of nobody", ({ clients }) => clients.isOrigin("https://nobody.example")],
  ["a client's secret", ({ clients }) => clients.hasSecret(parties.clientId, randomHash())],
  ["a client that changes", ({ clients }) => clients.change(parties.clientId, { name: "Pay" }, NOW)],
  ["a client's tokens", ({ clients }) => clients.replaceTokensId(parties.clientId, "another", NOW)],
  ["a client that is removed", removeClient],
  ["the grants of a client", ({ sessions }) => sessions.search(ofClient(), page, NOW)],
  ["their ids", ({ sessions }) => sessions.listLiveIds(ofClient(), page, NOW)],
  ["a person's grants", ({ sessions }) => sessions.listLiveGrants(ada.id, 50, NOW)],
  ["grants handed over", ({ sessions }) => sessions.adoptGrants(ada.id, "former", session.id, NOW)],
  [
    "grants that end",
    ({ sessions }) => sessions.end({ kind: "ids", ids: [session.id], ownedBy: null }, ending),
  ],
  ["a consent", ({ consents }) => consents.hold(parties.userId, parties.clientId, "audience 7")],
  ["a person's consents", ({ consents }) => consents.listOfUser(randomUUID())],
  ["a consent withdrawn", ({ consents }) => consents.withdraw(randomUUID(), parties.clientId)],
  ["everyone's for a client", ({ consents }) => consents.withdraw(null, newClient().id)],
  ["some of everyone's", ({ consents }) => consents.withdrawSome(newClient().id)],
  [
    "a code",
    async ({ authorizationCodes }) => {
      const code = newCode(parties);
      await authorizationCodes.insert(code);
      await authorizationCodes.find(code.hash);
      expect(await authorizationCodes.redeem(code.hash, "grant", NOW)).toBe(true);
    },
  ],
  [
    "a request that was sent ahead",
    async ({ pushedRequests }) => {
      const [hash, { clientId }] = [randomHash(), parties];
      await pushedRequests.insert({ hash, clientId, parameters: {}, expiresAt: addSeconds(NOW, 60) });
      expect(await pushedRequests.find(hash, NOW)).not.toBeNull();
      await pushedRequests.answer(hash, NOW);
    },
  ],
  [
    "a device",
    async ({ deviceAuthorizations }) => {
      const device = newDeviceAuthorization(parties);
      await deviceAuthorizations.insert(device);
      await deviceAuthorizations.find(device.hash);
      await deviceAuthorizations.notePoll(device.hash, 5, NOW);
      await deviceAuthorizations.findUndecided(device.userCodeHash, NOW);
      const { userId, parentId } = parties;
      const decision = { decision: "allowed", userId, parentId } as const;
      expect(await deviceAuthorizations.decide(device.userCodeHash, decision, NOW)).toBe(true);
      expect(await deviceAuthorizations.redeem(device.hash, NOW)).toBe(true);
    },
  ],
  ["a proof", ({ usedProofs }) => usedProofs.use(randomHash(), NOW)],
  [
    "logouts to deliver",
    async ({ logoutDeliveries }) => {
      const due = addSeconds(NOW, 86_400);
      const [delivery] = await logoutDeliveries.take(20, due, addSeconds(due, 60));
      await logoutDeliveries.postpone(delivery?.id ?? 0n, due, "It did not answer.");
      await logoutDeliveries.remove(delivery?.id ?? 0n);
    },
  ],
  ["a client's logouts", ({ logoutDeliveries }) => logoutDeliveries.listOfClient(parties.clientId, 20)],
])("%s: no table is read from end to end", async (_what, work) => {
  const stores = openStores(database.url);
  await work(stores);
  await stores.close();
  expect(await rowsScanned()).toBe(rowsBefore);
});

it("nor to clean up", async () => {
  const stores = openStores(database.url);
  const ended = await stores.cleanUp(addSeconds(NOW, 86_400));
  await stores.close();
  expect(await rowsScanned()).toBe(rowsBefore);
  expect(ended).toMatchObject({ onlineGrants: 0 });
});

const ofClient = () => ({ clientId: parties.clientId, userId: null, query: null, state: null });

async function laterClients({ clients }: Stores) {
  const { nextCursor } = await clients.list(page);
  expect((await clients.list({ ...page, cursor: nextCursor })).items).toHaveLength(page.limit);
}

async function removeClient({ clients }: Stores) {
  const client = newClient();
  await clients.insert(client, null);
  expect(await clients.remove(client.id)).toBe(true);
}

async function lastPage(store: SessionStore) {
  const filter = { query: "example", state: null, userId: null, clientId: null };
  const createdAt = addSeconds(session.createdAt, 20 - SESSIONS_EACH);
  const cursor = Buffer.from(JSON.stringify([createdAt.toISOString(), session.id])).toString("base64url");
  expect((await store.search(filter, { limit: 200, cursor }, NOW)).items.length).toBeGreaterThan(0);
}

function refresh(store: SessionStore) {
  const client = { ip: "192.0.2.1", userAgent: "Firefox" };
  const { id: sessionId, secretHash, generation } = session;
  return store.rotate(
    { sessionId, secretHash, generation, clientId: null },
    { now: NOW, idleSeconds: 60, client },
  );
}

/** Rows read by scans of a whole table; complete once every other connection has closed. */
async function rowsScanned(): Promise<number> {
  for (;;) {
    const { rowCount } = await sql.query(
      `SELECT 1 FROM pg_stat_activity
       WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
    );
    if (rowCount === 0) break;
  }
  const { rows } = await sql.query(
    "SELECT sum(seq_tup_read) AS read FROM pg_stat_user_tables WHERE relname = ANY($1)",
    [TABLES],
  );
  return Number(rows[0].read);
}
