import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type PostgresServer, startPostgresServer } from "@/e2e/instances/support/postgres-server";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { addSeconds, systemClock } from "@/lib/crypto/clock";
import { type DatabaseStores, openStores } from "@/lib/store/stores";
import { applyMigrations } from "@/scripts/apply-migrations";
import { copyDatabase } from "@/scripts/copy-database";
import { withDatabase } from "@/scripts/embedded-database";
import type { DenialStore } from "./denial";
import { type FeedAnswer, RevocationFeed } from "./feed";
import { parseFeedCursor } from "./feed-cursor";

const LONG = 20;
const SOON = addSeconds(new Date(), 600);
const EXP = Math.ceil(SOON.getTime() / 1000);

let database: TestDatabase;
let stores: DatabaseStores;
let sql: Client;
let reads: number;
let feed: RevocationFeed;

beforeAll(async () => {
  database = await freshDatabase();
  stores = openStores(database.url);
  sql = await connect();
});
afterAll(async () => {
  await Promise.all([stores.close(), sql.end()]);
  await database.drop();
});
beforeEach(async () => {
  await sql.query("DELETE FROM denials");
  reads = 0;
  feed = openFeed();
});
afterEach(() => feed.release());

const counted: Pick<DenialStore, "readSince"> = {
  readSince: (...asked) => {
    reads += 1;
    return stores.denials.readSince(...asked);
  },
};

const openFeed = (change: { pollMs?: number; maxWaiting?: number } = {}) =>
  new RevocationFeed({ store: counted, clock: systemClock, pollMs: 20, ...change });

async function connect(url = database.url): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}

const deny = (value: string, store: DenialStore = stores.denials) =>
  store.deny({ kind: "sid", value, expiresAt: SOON });

/** A transaction that has an id, and so keeps later ones from being the oldest that runs. */
async function openTransaction(): Promise<Client> {
  const client = await connect();
  await client.query("BEGIN");
  await client.query("SELECT pg_current_xact_id()");
  return client;
}

const valuesOf = ({ revocations }: FeedAnswer) => revocations.map(([, value]) => value).sort();

const wait = (since: string | null, seconds = LONG, signal = new AbortController().signal) =>
  feed.wait(since, seconds, signal);

/** Once nothing that is older runs on the server, in whichever database: until then the next read repeats what is there. */
async function cursorPastAll(): Promise<string> {
  for (;;) {
    const { cursor } = await feed.read(null);
    if (parseFeedCursor(cursor)?.repeated === "") return cursor;
  }
}

const untilWaiting = (count: number, where = feed) =>
  vi.waitFor(() => expect(where.waiting).toBe(count), { timeout: 10_000, interval: 1 });

describe("reading", () => {
  it("begins with all that is denied and has not expired", async () => {
    await stores.denials.deny({ kind: "jti", value: "over", expiresAt: new Date() });
    await stores.denials.deny({ kind: "jti", value: "a", expiresAt: SOON });
    await stores.denials.deny({ kind: "kid", value: "b", expiresAt: SOON });
    const answer = await feed.read(null);
    expect(answer).toEqual({
      cursor: expect.stringMatching(/^[A-Za-z0-9._-]{20,256}$/),
      readAt: expect.any(Date),
      isComplete: true,
      revocations: expect.arrayContaining([
        ["jti", "a", EXP],
        ["kid", "b", EXP],
      ]),
    });
    expect(answer.revocations).toHaveLength(2);
    const { rows } = await sql.query<{ now: Date }>("SELECT clock_timestamp() AS now");
    expect(Math.abs(answer.readAt.getTime() - (rows[0]?.now.getTime() ?? 0))).toBeLessThan(5_000);
  });

  it("goes on with what was denied since, at any instance", async () => {
    await deny("before");
    const cursor = await cursorPastAll();
    await deny("after");
    const elsewhere = openStores(database.url);
    const other = new RevocationFeed({ store: elsewhere.denials, clock: systemClock });
    const answer = await other.read(cursor);
    expect(answer.isComplete).toBe(false);
    expect(valuesOf(answer)).toEqual(["after"]);
    expect(valuesOf(await feed.read(answer.cursor))).toEqual([]);
    await elsewhere.close();
  });

  it("gives a reader its own cursor back while there is nothing new", async () => {
    await deny("before");
    const first = await feed.read(null);
    const next = await feed.read(first.cursor);
    expect(next).toMatchObject({ cursor: first.cursor, isComplete: false, revocations: [] });
    expect(next.readAt.getTime()).toBeGreaterThanOrEqual(first.readAt.getTime());
  });

  it("says it again when the same is denied for longer", async () => {
    await deny("again");
    const { cursor } = await feed.read(null);
    await stores.denials.deny({ kind: "sid", value: "again", expiresAt: addSeconds(SOON, 60) });
    expect((await feed.read(cursor)).revocations).toEqual([["sid", "again", EXP + 60]]);
  });

  it("brings what was written before it and committed after it", async () => {
    const slow = await openTransaction();
    await slow.query("INSERT INTO denials (kind, value, expires_at) VALUES ('sid', 'late', $1)", [SOON]);
    await deny("early");
    const first = await feed.read(null);
    expect(valuesOf(first)).toEqual(["early"]);
    expect((await feed.read(first.cursor)).revocations).toEqual([]);
    await slow.query("COMMIT");
    await slow.end();
    expect(valuesOf(await feed.read(first.cursor))).toContain("late");
  });
});

describe("a cursor that cannot be used is answered with everything:", () => {
  const changed = (cursor: string, part: number, value: string) =>
    cursor.split(".").with(part, value).join(".");

  it.each<[string, (cursor: string) => string]>([
    ["nothing", () => ""],
    ["garbage", () => "'; DROP TABLE denials; --"],
    ["another version's", (cursor) => changed(cursor, 0, "2")],
    ["another database's", (cursor) => changed(cursor, 1, "eA")],
    ["one of the future, by its transaction", (cursor) => changed(cursor, 2, "zzzzzzzzzzzz")],
    ["one of the future, by its time", (cursor) => changed(cursor, 3, "zzzzzzzzz")],
    ["one cut short", (cursor) => cursor.slice(0, 12)],
    ["one with more behind", (cursor) => `${cursor}.1`],
  ])("%s", async (_name, change) => {
    await deny("before");
    const { cursor } = await feed.read(null);
    const answer = await feed.read(change(cursor));
    expect(answer.isComplete).toBe(true);
    expect(valuesOf(answer)).toEqual(["before"]);
    expect((await feed.read(answer.cursor)).isComplete).toBe(false);
  });

  it("one from before the table was emptied and filled anew", async () => {
    await deny("before");
    const { cursor } = await feed.read(null);
    await sql.query("BEGIN; CREATE TEMP TABLE kept AS TABLE denials; TRUNCATE denials");
    await sql.query("INSERT INTO denials TABLE kept; DROP TABLE kept; COMMIT");
    const answer = await feed.read(cursor);
    expect(answer.isComplete).toBe(true);
    expect(valuesOf(answer)).toEqual(["before"]);
  });

  it("one of a database whose copy is read now", async () => {
    await deny("before");
    const { cursor } = await feed.read(null);
    const target = await freshDatabase();
    await copyDatabase(database.url, target.url);
    const copy = openStores(target.url);
    const answer = await new RevocationFeed({ store: copy.denials, clock: systemClock }).read(cursor);
    expect(answer.isComplete).toBe(true);
    expect(valuesOf(answer)).toEqual(["before"]);
    await copy.close();
    await target.drop();
  });
});

it("reads with the rights that any role has", async () => {
  const name = `reader_${randomUUID().replaceAll("-", "")}`;
  await sql.query(`CREATE ROLE ${name} LOGIN`);
  await sql.query(`GRANT SELECT ON denials TO ${name}`);
  await deny("seen");
  const url = new URL(database.url);
  url.username = name;
  const limited = openStores(url.href);
  const answer = await new RevocationFeed({ store: limited.denials, clock: systemClock }).read(null);
  expect(valuesOf(answer)).toEqual(["seen"]);
  await limited.close();
  await sql.query(`REVOKE ALL ON denials FROM ${name}; DROP ROLE ${name}`);
});

it("reads the embedded database the same way", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "latchkey-feed-"));
  await withDatabase({ databaseUrl: null, dataDir }, async (url) => {
    await applyMigrations(url);
    const embedded = openStores(url);
    const own = new RevocationFeed({ store: embedded.denials, clock: systemClock, pollMs: 20 });
    await deny("before", embedded.denials);
    const { cursor, revocations } = await own.read(null);
    expect(revocations).toEqual([["sid", "before", EXP]]);
    const news = own.wait(cursor, LONG, new AbortController().signal);
    await untilWaiting(1, own);
    await deny("after", embedded.denials);
    const told = await news;
    expect(valuesOf(told)).toEqual(["after"]);
    expect(await own.read(told.cursor)).toMatchObject({ cursor: told.cursor, revocations: [] });
    await embedded.close();
  });
  await rm(dataDir, { recursive: true });
});

describe("a server that starts again", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgresServer();
  });
  afterAll(() => server.remove());

  it("may have been put back to an older state, so that no cursor from before is believed", async () => {
    const admin = await connect(server.url);
    await admin.query("CREATE TYPE denial_kind AS ENUM ('jti', 'sid', 'kid')");
    await admin.query(
      `CREATE TABLE denials (
         kind denial_kind, value text, expires_at timestamptz(3), recorded_at timestamptz(6) DEFAULT clock_timestamp(),
         recorded_by xid8 DEFAULT pg_current_xact_id(), PRIMARY KEY (kind, value))`,
    );
    await admin.end();
    const before = openStores(server.url);
    await deny("kept", before.denials);
    const { cursor } = await new RevocationFeed({ store: before.denials, clock: systemClock }).read(null);
    await before.close();
    await server.stop();
    await server.start();
    const after = openStores(server.url);
    const answer = await new RevocationFeed({ store: after.denials, clock: systemClock }).read(cursor);
    expect(answer.isComplete).toBe(true);
    expect(valuesOf(answer)).toEqual(["kept"]);
    await after.close();
  });
});

describe("waiting", () => {
  it("hears at once what another connection denies", async () => {
    const { cursor } = await feed.read(null);
    const news = wait(cursor);
    await untilWaiting(1);
    await deny("elsewhere");
    expect(valuesOf(await news)).toEqual(["elsewhere"]);
    expect(feed.waiting).toBe(0);
  });

  it("hears what this process has denied without waiting for the next look", async () => {
    feed = openFeed({ pollMs: 3_600_000 });
    const { cursor } = await feed.read(null);
    const news = wait(cursor);
    await untilWaiting(1);
    await deny("here");
    feed.nudge();
    expect(valuesOf(await news)).toEqual(["here"]);
  });

  it("does not begin while there is news", async () => {
    const { cursor } = await feed.read(null);
    await deny("already");
    expect(valuesOf(await wait(cursor))).toEqual(["already"]);
    expect((await wait(null)).isComplete).toBe(true);
  });

  it("ends without news when the time is over", async () => {
    const { cursor } = await feed.read(null);
    expect(await wait(cursor, 1)).toMatchObject({ cursor, isComplete: false, revocations: [] });
    expect(await wait(cursor, 0)).toMatchObject({ cursor, revocations: [] });
  });

  it("hears of a late commit of an older transaction", async () => {
    const slow = await openTransaction();
    await slow.query("INSERT INTO denials (kind, value, expires_at) VALUES ('sid', 'late', $1)", [SOON]);
    const { cursor } = await feed.read(null);
    const news = wait(cursor);
    await untilWaiting(1);
    await slow.query("COMMIT");
    expect(valuesOf(await news)).toEqual(["late"]);
    await slow.end();
  });

  it("does not end for what is known already, while an older transaction keeps running", async () => {
    const older = await openTransaction();
    await deny("known");
    const first = await feed.read(null);
    const readsBefore = reads;
    const news = wait(first.cursor);
    await vi.waitFor(() => expect(reads).toBeGreaterThan(readsBefore + 5), { timeout: 10_000 });
    expect(feed.waiting).toBe(1);
    await deny("new");
    const second = await news;
    expect(valuesOf(second)).toContain("new");
    // Nor for what it has just been told, in however many parts.
    expect(await feed.read(second.cursor)).toMatchObject({ cursor: second.cursor, revocations: [] });
    await older.query("COMMIT");
    await older.end();
    expect(await feed.read(second.cursor)).toMatchObject({ revocations: [] });
  });

  it("shares one look, however many wait and however far each has got", async () => {
    feed = openFeed({ pollMs: 3_600_000 });
    const cursors: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      await deny(`known-${n}`);
      cursors.push((await feed.read(null)).cursor);
      await sql.query("DELETE FROM denials");
    }
    const waiting = Array.from({ length: 100 }, (_, n) => wait(cursors[n % 5] ?? null));
    await untilWaiting(100);
    const readsBefore = reads;
    await deny("news");
    feed.nudge();
    const answers = await Promise.all(waiting);
    expect(reads - readsBefore).toBe(1);
    expect(answers.every((answer) => answer.revocations.some(([, value]) => value === "news"))).toBe(true);
  });

  it("asks the database nothing while nobody waits", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const { cursor } = await feed.read(null);
    const news = wait(cursor);
    await untilWaiting(1);
    expect(vi.getTimerCount()).toBe(1);
    await deny("news");
    vi.advanceTimersByTime(20);
    expect(valuesOf(await news)).toEqual(["news"]);
    const readsBefore = reads;
    feed.nudge();
    expect([vi.getTimerCount(), reads]).toEqual([0, readsBefore]);
    vi.useRealTimers();
  });

  it("is not for more than so many", async () => {
    feed = openFeed({ maxWaiting: 2 });
    const { cursor } = await feed.read(null);
    const waiting = [wait(cursor), wait(cursor)];
    await untilWaiting(2);
    expect(await wait(cursor)).toMatchObject({ cursor, revocations: [] });
    feed.release();
    await Promise.all(waiting);
  });

  it("frees the place of a reader that is gone", async () => {
    const { cursor } = await feed.read(null);
    const gone = new AbortController();
    const answer = wait(cursor, LONG, gone.signal);
    await untilWaiting(1);
    gone.abort();
    await answer;
    expect(feed.waiting).toBe(0);
    await wait(cursor, LONG, gone.signal);
  });

  it("ends at once for all when the process is about to end, and does not begin again", async () => {
    const { cursor } = await feed.read(null);
    const waiting = [wait(cursor), wait(cursor)];
    await untilWaiting(2);
    feed.release();
    expect(await Promise.all(waiting)).toMatchObject([{ revocations: [] }, { revocations: [] }]);
    expect(await wait(cursor)).toMatchObject({ cursor, revocations: [] });
  });

  it("goes on when a look fails, and rejects whoever asks meanwhile", async () => {
    let isDown = false;
    const readSince: DenialStore["readSince"] = (...asked) =>
      isDown ? Promise.reject(new Error("down")) : counted.readSince(...asked);
    feed = new RevocationFeed({ store: { readSince }, clock: systemClock, pollMs: 20 });
    const { cursor } = await feed.read(null);
    const news = wait(cursor);
    await untilWaiting(1);
    isDown = true;
    await expect(wait(cursor)).rejects.toThrow("down");
    await deny("later");
    feed.nudge();
    isDown = false;
    expect(valuesOf(await news)).toEqual(["later"]);
  });
});

it("misses nothing while many write, some of them slowly, and readers come and go", async () => {
  const readers = await Promise.all(
    [1, 2, 3].map(() => feed.read(null).then(({ cursor }) => ({ cursor, seen: new Set<string>() }))),
  );
  const written: string[] = [];
  let isWriting = true;
  const write = async (index: number) => {
    const client = await connect();
    for (let n = 0; n < 30; n += 1) {
      const value = `${index}-${n}`;
      await client.query("BEGIN");
      await client.query("INSERT INTO denials (kind, value, expires_at) VALUES ('sid', $1, $2)", [
        value,
        SOON,
      ]);
      if (n % 3 === index % 3) await client.query("SELECT pg_sleep(0.02)");
      await client.query("COMMIT");
      written.push(value);
    }
    await client.end();
  };
  const follow = async (reader: (typeof readers)[number]) => {
    while (isWriting) {
      const answer = await wait(reader.cursor, 1);
      for (const value of valuesOf(answer)) reader.seen.add(value);
      reader.cursor = answer.cursor;
    }
    for (const value of valuesOf(await feed.read(reader.cursor))) reader.seen.add(value);
  };
  const following = Promise.all(readers.map(follow));
  await Promise.all([0, 1, 2, 3].map(write));
  isWriting = false;
  await following;
  for (const { seen } of readers) expect([...seen].sort()).toEqual([...written].sort());
});
