import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { emptyDatabase, freshDatabase, type TestDatabase } from "../e2e/support/fresh-database";
import { authenticate } from "../lib/sessions/authenticate";
import { refreshSession } from "../lib/sessions/refresh-session";
import { applyMigrations } from "./apply-migrations";
import { type CopiedTable, copyDatabase } from "./copy-database";
import { parentsFirst } from "./database-tables";
import { type EmbeddedDatabase, startEmbeddedDatabase } from "./embedded-database";
import { type FilledDatabase, fillDatabase, HOME, servicesOn } from "./fixtures/filled-database";

const COUNT = 5_000;
const SCHEMA = join(import.meta.dirname, "../prisma/schema.prisma");

let dataDir: string;
let embedded: EmbeddedDatabase;
let source: string;
let filled: FilledDatabase;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "latchkey-copy-"));
  embedded = await startEmbeddedDatabase(dataDir);
  source = embedded.databaseUrl;
  await applyMigrations(source);
  filled = await fillDatabase(source, COUNT);
});
afterAll(async () => {
  await embedded.close();
  await rm(dataDir, { recursive: true });
});

describe("a copy of the embedded database", () => {
  let target: TestDatabase;
  let copied: readonly CopiedTable[];
  const progress: string[] = [];
  beforeAll(async () => {
    target = await emptyDatabase();
    copied = await copyDatabase(source, target.url, (...figures) => progress.push(figures.join(" ")));
  });
  afterAll(() => target.drop());

  it("has every table of the schema", async () => {
    const schema = await readFile(SCHEMA, "utf8");
    const tables = [...schema.matchAll(/^model [^}]*@@map\("(\w+)"\)/gm)].map(([, table]) => table);
    expect(tables.length).toBeGreaterThan(6);
    expect(copied.map(({ table }) => table).toSorted()).toEqual(tables.toSorted());
  });

  it("has every row of each, to the last bit", async () => {
    for (const { table, rows } of copied) {
      const original = await readRows(source, table);
      expect(original.length, table).toBeGreaterThan(0);
      expect(original.length, table).toBe(rows);
      expect(await readRows(target.url, table), table).toEqual(original);
    }
  });

  it("says how far it is", () => {
    const ofSessions = progress.filter((line) => line.startsWith("sessions "));
    expect(ofSessions).toEqual([1000, 2000, 3000, 4000, 5000, 5005].map((rows) => `sessions ${rows} 5005`));
  });

  it("gives the next event a number that the source has not given out", async () => {
    const [given] = await query(source, "SELECT last_value FROM audit_events_id_seq");
    expect(await query(target.url, "SELECT last_value FROM audit_events_id_seq")).toEqual([given]);
    const [next] = await query<{ id: string }>(
      target.url,
      "INSERT INTO audit_events (at, type, details) VALUES (now(), 'test.made', '{}') RETURNING id",
    );
    expect(Number(next?.id)).toBe(Number(given?.last_value) + 1);
  });

  it("stamps denials as written by the transaction that copied them", async () => {
    const stamps = await query(
      target.url,
      "SELECT DISTINCT recorded_by::text::bigint % 4294967296 = xmin::text::bigint AS own FROM denials",
    );
    expect(stamps).toEqual([{ own: true }]);
  });

  it("goes on with the sessions and keys of before, and refuses what was refused", async () => {
    const services = servicesOn(target.url);
    await services.start();
    try {
      const { session, denied, ended } = filled;
      const isLetIn = async (token: string) => (await authenticate(services.sessions, token)).ok;
      // Verified by the key of before: another one would not know it.
      expect(await isLetIn(session.accessToken)).toBe(true);
      expect(await isLetIn(denied.accessToken)).toBe(false);
      expect(await isLetIn(ended.accessToken)).toBe(false);
      const keys = await query(
        target.url,
        "SELECT kid FROM signing_keys WHERE state = 'active' AND use = 'access_token'",
      );
      expect(keys).toEqual([{ kid: services.keyring.signer.kid }]);
      const refreshed = await refreshSession(services.sessions, session.refreshToken, HOME);
      expect(await isLetIn(refreshed.accessToken)).toBe(true);
      await expect(refreshSession(services.sessions, ended.refreshToken, HOME)).rejects.toThrow();
    } finally {
      await services.stop();
    }
  });
});

describe("a copy is refused", () => {
  let target: TestDatabase;
  beforeEach(async () => {
    target = await freshDatabase();
  });
  afterEach(() => target.drop());

  it("when the target holds people, who are left alone", async () => {
    await query(
      target.url,
      "INSERT INTO users (id, email, created_at) VALUES (gen_random_uuid(), 'eve@example.com', now())",
    );
    const before = await readRows(target.url, "users");
    await expect(copyDatabase(source, target.url)).rejects.toThrow(
      "The target already holds data (users): copy into a new, empty database.",
    );
    expect(await readRows(target.url, "users")).toEqual(before);
    expect(await rowsOf(target.url)).toBe(1);
  });

  it("when the target is in use by an older Latchkey, which is not migrated", async () => {
    const older = await emptyDatabase();
    await query(older.url, "CREATE TABLE users (id int); INSERT INTO users VALUES (1)");
    await expect(copyDatabase(source, older.url)).rejects.toThrow(/^The target already holds data \(users\)/);
    expect(await query(older.url, "SELECT to_regclass('_prisma_migrations') AS history")).toEqual([
      { history: null },
    ]);
    await older.drop();
  });

  it("when an instance has begun on the target, and made a key", async () => {
    const services = servicesOn(target.url);
    await services.start();
    await services.stop();
    await expect(copyDatabase(source, target.url)).rejects.toThrow(/already holds data \(.*signing_keys.*\)/);
  });

  it("when both are the same database, by whatever address", async () => {
    const alias = new URL(target.url);
    alias.searchParams.set("application_name", "other");
    await expect(copyDatabase(target.url, alias.href)).rejects.toThrow(
      "Source and target are the same database.",
    );
  });

  it("when both are the embedded database", async () => {
    await expect(copyDatabase(source, source)).rejects.toThrow("Source and target are the same database.");
  });

  it("when the source is empty, as in the wrong folder", async () => {
    const other = await freshDatabase();
    await expect(copyDatabase(other.url, target.url)).rejects.toThrow(
      "The source is empty: nothing to copy.",
    );
    await other.drop();
  });

  it("when the target cannot be reached", async () => {
    await expect(copyDatabase(source, "postgresql://nobody:secret@127.0.0.1:1/none")).rejects.toThrow(
      /^The target cannot be reached: (?!.*secret)/,
    );
  });
});

describe("a copy that breaks off leaves the target without data, and can be made again", () => {
  let target: TestDatabase;
  beforeEach(async () => {
    target = await freshDatabase();
  });
  afterEach(() => target.drop());

  /** Runs `statement` in the target once more than half of the sessions are there. */
  const inTheMiddle = (statement: string) =>
    query(
      target.url,
      `CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF (SELECT count(*) FROM sessions) > ${COUNT / 2} THEN ${statement}; END IF;
         RETURN NULL;
       END $$;
       CREATE TRIGGER break_off AFTER INSERT ON sessions FOR EACH STATEMENT EXECUTE FUNCTION break_off()`,
    );

  it.each([
    ["its connection is cut", "PERFORM pg_terminate_backend(pg_backend_pid())"],
    ["a row is refused", "RAISE EXCEPTION 'disk full'"],
    [
      "a row arrives other than it was",
      "UPDATE sessions SET user_agent = 'x' WHERE ctid = '(0,1)'; DROP TRIGGER break_off ON sessions",
    ],
  ])("when %s", async (_how, statement) => {
    await inTheMiddle(statement);
    await expect(copyDatabase(source, target.url)).rejects.toThrow(
      /^The copy broke off, and the target holds nothing of it: /,
    );
    expect(await rowsOf(target.url)).toBe(0);
    await query(target.url, "DROP FUNCTION break_off CASCADE");
    await copyDatabase(source, target.url);
    expect(await readRows(target.url, "sessions")).toEqual(await readRows(source, "sessions"));
  });
});

describe("an instance that starts on the target during a copy", () => {
  it("waits for its end and adds nothing to it", async () => {
    const target = await freshDatabase();
    const writes: Promise<unknown>[] = [];
    const link = `INSERT INTO one_time_links (id, purpose, token_hash, created_at, expires_at)
                  VALUES (gen_random_uuid(), 'setup', sha256('x'), now(), now() + interval '1 hour')`;
    const copied = await copyDatabase(source, target.url, (table) => {
      if (table === "users") writes.push(query(target.url, link));
    });
    await Promise.all(writes);
    const links = copied.find(({ table }) => table === "one_time_links")?.rows ?? 0;
    expect(writes).toHaveLength(1);
    expect(await query(target.url, "SELECT count(*)::int AS rows FROM one_time_links")).toEqual([
      { rows: links + 1 },
    ]);
    await target.drop();
  });
});

describe("tables", () => {
  const table = (name: string, ...parents: string[]) => ({ name, columns: [], parents, ownParents: [] });

  it("come after those that they point to", () => {
    const tables = [table("links", "sessions", "users"), table("sessions", "users"), table("users")];
    expect(parentsFirst(tables).map(({ name }) => name)).toEqual(["users", "sessions", "links"]);
  });

  it("that point to each other are an error, not an endless loop", () => {
    expect(() => parentsFirst([table("a", "b"), table("b", "a"), table("c")])).toThrow(/a,b/);
  });
});

async function query<Row extends object = Record<string, unknown>>(
  databaseUrl: string,
  sql: string,
): Promise<Row[]> {
  const client = new Client({ connectionString: databaseUrl, options: "-c TimeZone=UTC" });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Every row of a table as text, in one order wherever they are; without the transaction that wrote it. */
async function readRows(databaseUrl: string, table: string): Promise<string[]> {
  const rows = await query<{ row: string }>(
    databaseUrl,
    `SELECT (to_jsonb(t) - 'recorded_by')::text AS row FROM ${table} t`,
  );
  return rows.map(({ row }) => row).sort();
}

async function rowsOf(databaseUrl: string): Promise<number> {
  const [found] = await query<{ rows: number }>(
    databaseUrl,
    `SELECT ((SELECT count(*) FROM users) + (SELECT count(*) FROM sessions) + (SELECT count(*) FROM audit_events)
      + (SELECT count(*) FROM denials) + (SELECT count(*) FROM signing_keys) + (SELECT count(*) FROM one_time_links)
      + (SELECT count(*) FROM rate_limits))::int AS rows`,
  );
  return found?.rows ?? -1;
}
