import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import type { AuditChain, EventFilter } from "@/lib/audit/chain";
import type { AuditEvent } from "@/lib/audit/events";
import { verifyChain } from "@/lib/audit/verify-chain";
import { readSettings } from "@/lib/config/settings";
import { createServices } from "@/lib/services";
import { applyMigrations } from "@/scripts/apply-migrations";
import { withDatabase } from "@/scripts/embedded-database";
import { createAuditChain } from "./audit-chain";
import { createClient } from "./client";
import type { PrismaClient } from "./generated/client";
import { type DatabaseStores, openStores } from "./stores";

const ALL: EventFilter = { from: null, to: null, type: null };
const INSTANCES = 4;
const EVENTS_PER_WRITER = 150;
const SMALL_BATCH = 7;
const SECRET = "0123456789abcdefghijklmnopqrstuvwxyz";
const EVENT: AuditEvent = {
  at: new Date("2027-03-01T00:00:00.000Z"),
  type: "session.ended",
  actorId: null,
  userId: null,
  sessionId: "s1",
  client: { ip: "192.0.2.1", userAgent: "Firefox" },
  details: { reason: "logout" },
};

let database: TestDatabase;
let clients: PrismaClient[];
let connections: Client[];
let sql: Client;
let chain: AuditChain;
beforeEach(async () => {
  database = await freshDatabase();
  clients = [];
  connections = [];
  sql = await connect();
  chain = createAuditChain(openClient());
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.$disconnect()));
  await Promise.all(connections.map((connection) => connection.end()));
  await database.drop();
});

/** A pool of its own, as another instance has. */
function openClient(): PrismaClient {
  const client = createClient(database.url);
  clients.push(client);
  return client;
}

async function connect(): Promise<Client> {
  const connection = new Client({ connectionString: database.url });
  connections.push(connection);
  await connection.connect();
  return connection;
}

/** One event a millisecond, from `2027-03-01T00:00:00.001Z` on. */
const record = (count: number, by = sql, type = "session.ended") =>
  by.query(
    `INSERT INTO audit_events (at, type, user_agent, details)
     SELECT timestamptz '2027-03-01 00:00Z' + n * interval '1 ms', $2, 'Firefox', jsonb_build_object('n', n)
     FROM generate_series(1, $1::int) AS n`,
    [count, type],
  );

const verify = async () => verifyChain(chain.read(ALL), null, () => {});
const rows = async () => (await sql.query("SELECT * FROM audit_events ORDER BY position")).rows;

async function idsAndPositions(): Promise<[number, number][]> {
  return (await rows()).map(({ id, position }) => [Number(id), Number(position)]);
}

describe("chaining", () => {
  it("gives events their places in the order of their ids, batch after batch", async () => {
    await record(2 * SMALL_BATCH + 1);
    expect(await createAuditChain(openClient(), SMALL_BATCH).chainNew()).toBe(2 * SMALL_BATCH + 1);
    expect(await idsAndPositions()).toEqual(
      Array.from({ length: 2 * SMALL_BATCH + 1 }, (_, n) => [n + 1, n + 1]),
    );
    expect(await chain.chainNew()).toBe(0);
    expect(await verify()).toEqual({ head: await chain.head(), brokenLink: null });
  });

  it("goes on where it ended, and ends with a full batch", async () => {
    await record(3);
    expect(await chain.chainNew()).toBe(3);
    const { hash } = await chain.head();
    await record(SMALL_BATCH);
    expect(await createAuditChain(openClient(), SMALL_BATCH).chainNew()).toBe(SMALL_BATCH);
    expect((await rows())[3].previous_hash.toString("hex")).toBe(hash);
    expect((await verify()).head.position).toBe(3 + SMALL_BATCH);
  });

  it("changes nothing else of an event", async () => {
    await record(2);
    const before = await rows();
    await chain.chainNew();
    const chained = {
      position: expect.any(String),
      previous_hash: expect.any(Buffer),
      hash: expect.any(Buffer),
    };
    expect(await rows()).toEqual(before.map((row) => ({ ...row, ...chained })));
  });

  it("knows what is not chained, and since when", async () => {
    expect(await chain.unchained()).toEqual({ count: 0, oldestAt: null });
    await record(2);
    expect(await chain.unchained()).toEqual({ count: 2, oldestAt: new Date("2027-03-01T00:00:00.001Z") });
    await chain.chainNew();
    expect(await chain.unchained()).toEqual({ count: 0, oldestAt: null });
  });

  it("of many instances at once, while others write and commit late, makes one chain", async () => {
    const chains = Array.from({ length: INSTANCES }, () => createAuditChain(openClient(), SMALL_BATCH));
    const late = await Promise.all(Array.from({ length: INSTANCES }, connect));
    for (const writer of late) await writer.query("BEGIN");
    await Promise.all(late.map((writer) => record(3, writer)));
    let isWriting = true;
    const chaining = chains.map(async (own) => {
      let total = 0;
      while (isWriting) total += await own.chainNew();
      return total;
    });
    await Promise.all([writeOneByOne(), writeOneByOne(), writeOneByOne()]);
    let count = Number.POSITIVE_INFINITY;
    while (count > 0) ({ count } = await chain.unchained());
    // Events of lower ids than all that are chained appear.
    await Promise.all([writeOneByOne(), ...late.map((writer) => writer.query("COMMIT"))]);
    isWriting = false;
    const counts = await Promise.all(chaining);
    const rest = await chain.chainNew();
    const written = 4 * EVENTS_PER_WRITER + 3 * INSTANCES;
    expect(counts.reduce((sum, own) => sum + own, rest)).toBe(written);
    const places = await idsAndPositions();
    expect(places.map(([, position]) => position)).toEqual(Array.from({ length: written }, (_, n) => n + 1));
    const latePlaces = places.filter(([id]) => id <= 3 * INSTANCES);
    expect(latePlaces.every(([, position]) => position > 3 * EVENTS_PER_WRITER)).toBe(true);
    expect(await verify()).toEqual({ head: await chain.head(), brokenLink: null });
    // It was no race of one.
    expect(counts.filter((own) => own > 0).length).toBeGreaterThan(1);
  });

  async function writeOneByOne(): Promise<void> {
    const writer = await connect();
    for (let n = 0; n < EVENTS_PER_WRITER; n += 1) await record(1, writer);
  }

  it("waits for nobody, and takes over from an instance that stands still in the middle of it", async () => {
    await record(3);
    const standing = standStill(openClient());
    const paused = createAuditChain(standing.client).chainNew();
    paused.catch(() => {});
    await standing.hasStopped;
    expect(await chain.chainNew()).toBe(0);
    let count = 0;
    while (count === 0) count = await chain.chainNew();
    expect(count).toBe(3);
    standing.goOn();
    await expect(paused).rejects.toThrow();
    expect((await verify()).head.position).toBe(3);
  });

  /** A client that stops, as a paused process does, when the work of a transaction is done and not yet committed. */
  function standStill(client: PrismaClient) {
    const hasStopped = gate();
    const goesOn = gate();
    const transaction = (work: (tx: unknown) => Promise<unknown>) =>
      client.$transaction(
        async (tx) => {
          await work(tx);
          hasStopped.open();
          await goesOn.opened;
        },
        { timeout: 600_000 },
      );
    const standing = new Proxy(client, {
      get: (target, name) => (name === "$transaction" ? transaction : Reflect.get(target, name)),
    });
    return { client: standing, hasStopped: hasStopped.opened, goOn: goesOn.open };
  }

  function gate() {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    return { open, opened };
  }
});

describe("reading", () => {
  async function positionsOf(filter: EventFilter): Promise<number[]> {
    const positions: number[] = [];
    for await (const events of chain.read(filter)) positions.push(...events.map(({ position }) => position));
    return positions;
  }

  it("comes to the end of a long chain, whatever its length", async () => {
    for (const length of [1_999, 1, 1, 1_999, 1]) {
      await record(length);
      await chain.chainNew();
      expect(await positionsOf(ALL)).toEqual(
        Array.from({ length: (await chain.head()).position }, (_, n) => n + 1),
      );
    }
  });

  it("finds events by type, from an instant on and before another", async () => {
    await record(3);
    await record(2_500, sql, "password.changed");
    await record(3);
    await chain.chainNew();
    const read = (filter: Partial<EventFilter>) => positionsOf({ ...ALL, ...filter });
    const at = (milliseconds: number) => new Date(Date.UTC(2027, 2, 1) + milliseconds);
    expect(await read({ type: "session.ended" })).toEqual([1, 2, 3, 2_504, 2_505, 2_506]);
    expect(await read({ type: "session.ended", from: at(2) })).toEqual([2, 3, 2_505, 2_506]);
    expect(await read({ type: "session.ended", to: at(2) })).toEqual([1, 2_504]);
    expect(await read({ from: at(2_500) })).toEqual([2_503]);
  });
});

describe("whoever gets round the database's own guards", () => {
  const LENGTH = 12;
  beforeEach(async () => {
    await record(LENGTH);
    await chain.chainNew();
    await sql.query("ALTER TABLE audit_events DISABLE TRIGGER ALL");
  });

  it.each<[string, string, number, string]>([
    ["changes details", "UPDATE audit_events SET details = '{\"n\": 6}' WHERE id = 5", 5, "content"],
    ["changes an instant", "UPDATE audit_events SET at = at + interval '1 ms' WHERE id = 5", 5, "content"],
    ["makes an instant none", "UPDATE audit_events SET at = 'infinity' WHERE id = 5", 5, "content"],
    ["changes a type", "UPDATE audit_events SET type = 'session.started' WHERE id = 5", 5, "content"],
    ["adds an actor", "UPDATE audit_events SET actor_id = gen_random_uuid() WHERE id = 5", 5, "content"],
    ["adds a person", "UPDATE audit_events SET user_id = gen_random_uuid() WHERE id = 5", 5, "content"],
    ["adds a session", "UPDATE audit_events SET session_id = 'null' WHERE id = 5", 5, "content"],
    ["adds an empty address", "UPDATE audit_events SET ip = '' WHERE id = 5", 5, "content"],
    ["removes a user agent", "UPDATE audit_events SET user_agent = NULL WHERE id = 5", 5, "content"],
    ["changes an id", "UPDATE audit_events SET id = 50 WHERE id = 5", 5, "content"],
    ["changes a hash", "UPDATE audit_events SET hash = sha256(hash) WHERE id = 5", 5, "content"],
    ["changes a link", "UPDATE audit_events SET previous_hash = hash WHERE id = 5", 5, "previous_hash"],
    ["deletes the first", "DELETE FROM audit_events WHERE id = 1", 1, "position"],
    ["deletes one", "DELETE FROM audit_events WHERE id = 5", 5, "position"],
    [
      "deletes one and closes the gap",
      `DELETE FROM audit_events WHERE id = 5;
       UPDATE audit_events SET position = -position WHERE id > 5;
       UPDATE audit_events SET position = -position - 1 WHERE id > 5`,
      5,
      "previous_hash",
    ],
    [
      "lets two change places",
      `UPDATE audit_events SET position = 99 WHERE id = 5;
       UPDATE audit_events SET position = 5 WHERE id = 8;
       UPDATE audit_events SET position = 8 WHERE id = 5`,
      5,
      "previous_hash",
    ],
    [
      "lets two change what they say",
      `UPDATE audit_events SET details = jsonb_build_object('n', 13 - (details->>'n')::int) WHERE id IN (5, 8)`,
      5,
      "content",
    ],
    [
      "unchains one",
      "UPDATE audit_events SET position = NULL, previous_hash = NULL, hash = NULL WHERE id = 5",
      5,
      "position",
    ],
    ["appends one with any hash", insertAt(13, "hash", "sha256('any')"), 13, "content"],
    ["appends one to another event", insertAt(13, "previous_hash", "hash"), 13, "previous_hash"],
    ["appends one further on", insertAt(14, "hash", "sha256('any')"), 13, "position"],
    ["puts one before the first", insertAt(0, "hash", "sha256('any')"), 1, "position"],
    ["puts one far before the first", insertAt(-5, "hash", "sha256('any')"), 1, "position"],
  ])("and %s is found", async (_what, statements, position, fault) => {
    // Whoever can do this can do without the table's checks too.
    await sql.query("ALTER TABLE audit_events DROP CONSTRAINT audit_events_chained_whole");
    await sql.query(statements);
    const { head, brokenLink } = await verify();
    expect(brokenLink).toMatchObject({ position, fault });
    expect(head.position).toBe(position - 1);
  });

  function insertAt(position: number, previousHash: string, hash: string): string {
    return `INSERT INTO audit_events (at, type, details, position, previous_hash, hash)
            SELECT at, type, details, ${position}, ${previousHash}, ${hash} FROM audit_events WHERE id = 12`;
  }

  it("and rewrites the end is found by a head that was noted, and by nothing else", async () => {
    const noted = await chain.head();
    await sql.query(`UPDATE audit_events SET position = NULL, previous_hash = NULL, hash = NULL WHERE id > 8;
                     UPDATE audit_events SET details = '{}' WHERE id = 10`);
    expect(await chain.chainNew()).toBe(4);
    expect((await verify()).brokenLink).toBeNull();
    const { brokenLink } = await verifyChain(chain.read(ALL), noted, () => {});
    expect(brokenLink).toEqual({ position: 12, eventId: 12, fault: "rewritten" });
  });

  it("and cuts the end off is found by a head that was noted, and by nothing else", async () => {
    const noted = await chain.head();
    await sql.query("DELETE FROM audit_events WHERE id > 8");
    expect((await verify()).brokenLink).toBeNull();
    const { brokenLink } = await verifyChain(chain.read(ALL), noted, () => {});
    expect(brokenLink).toEqual({ position: 9, eventId: null, fault: "truncated" });
  });

  it("and only writes the same details another way has changed nothing", async () => {
    await sql.query(`UPDATE audit_events SET details = ' { "n" : 5.0 }' WHERE id = 5`);
    expect((await verify()).brokenLink).toBeNull();
  });
});

it("a running Latchkey chains what is recorded", async () => {
  const settings = readSettings({ DATABASE_URL: database.url, APP_SECRET: SECRET, LOG_LEVEL: "silent" });
  const latchkey = createServices(settings);
  await latchkey.start();
  await record(3);
  // Its own first event, and these.
  while ((await chain.head()).position < 4);
  await latchkey.stop();
  expect((await verify()).brokenLink).toBeNull();
});

it("on the embedded database too, many instances make one chain while others write", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "latchkey-audit-chain-"));
  await withDatabase({ databaseUrl: null, dataDir }, async (url) => {
    await applyMigrations(url);
    const instances = Array.from({ length: INSTANCES }, () => openStores(url));
    const write = (stores: DatabaseStores) => stores.audit.record(EVENT);
    const chainAndWrite = async (stores: DatabaseStores) => {
      for (let n = 0; n < 10; n += 1)
        await Promise.all([stores.auditChain.chainNew(), write(stores), write(stores)]);
    };
    await Promise.all(instances.map(chainAndWrite));
    const [{ auditChain }] = instances as [DatabaseStores];
    await auditChain.chainNew();
    const { head, brokenLink } = await verifyChain(auditChain.read(ALL), null, () => {});
    expect(brokenLink).toBeNull();
    expect(head.position).toBe(INSTANCES * 20);
    await Promise.all(instances.map((stores) => stores.close()));
  });
  await rm(dataDir, { recursive: true });
});
