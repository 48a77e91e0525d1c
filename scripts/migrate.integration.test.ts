import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { emptyDatabase, type TestDatabase } from "../e2e/support/fresh-database";
import { applyMigrations } from "./apply-migrations";
import { type EmbeddedDatabase, startEmbeddedDatabase } from "./embedded-database";
import { type Migration, readMigrations, writeMigration } from "./migration-files";
import { diffToSchema } from "./schema-engine";

const PROCESSES = 6;
const SCHEMA = join(import.meta.dirname, "../prisma/schema.prisma");
const NAMES = readMigrations().map(({ name }) => name);

describe("on Postgres", () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await emptyDatabase();
  });
  afterEach(() => database.drop());

  it("migrations reach the schema", async () => {
    expect(await applyMigrations(database.url)).toEqual(NAMES);
    expect(await diffToSchema(database.url)).toBeNull();
  });

  it("are applied once when many processes migrate at the same time", async () => {
    const applied = await Promise.all(Array.from({ length: PROCESSES }, () => applyMigrations(database.url)));
    expect(applied.filter((names) => names.length > 0)).toEqual([NAMES]);
    expect(await query(database.url, "SELECT count(*)::int AS rows FROM _prisma_migrations")).toEqual([
      { rows: NAMES.length },
    ]);
  });

  it("leave nothing behind when one fails", async () => {
    const broken: Migration[] = [
      ...readMigrations(),
      { name: "9_broken", sql: "SELECT no_such()", checksum: "x" },
    ];
    await expect(applyMigrations(database.url, broken)).rejects.toThrow(
      /^The migration 9_broken failed: .*no_such/,
    );
    expect(await query(database.url, "SELECT to_regclass('users') AS users")).toEqual([{ users: null }]);
  });

  it("are refused when an applied one was changed or is unknown", async () => {
    await applyMigrations(database.url);
    const [first, ...rest] = readMigrations() as [Migration, ...Migration[]];
    await expect(applyMigrations(database.url, [{ ...first, checksum: "other" }, ...rest])).rejects.toThrow(
      `The migration ${first.name} was changed after it had been applied.`,
    );
    await expect(applyMigrations(database.url, rest)).rejects.toThrow(/newer than this Latchkey/);
  });
});

describe("on the embedded database", () => {
  let folder: string;
  let database: EmbeddedDatabase;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-migrate-"));
    database = await startEmbeddedDatabase(join(folder, "data"));
  });
  afterAll(async () => {
    await database.close();
    await rm(folder, { recursive: true });
  });

  it("are applied once when many connections migrate at the same time, and reach the schema", async () => {
    const applied = await Promise.all(
      Array.from({ length: PROCESSES }, () => applyMigrations(database.databaseUrl)),
    );
    expect(applied.filter((names) => names.length > 0)).toEqual([NAMES]);
    expect(await diffToSchema(database.databaseUrl)).toBeNull();
  });

  it("differ from a schema with one more column by that column", async () => {
    const changed = join(folder, "schema.prisma");
    const schema = await readFile(SCHEMA, "utf8");
    await writeFile(changed, schema.replace("model User {", "model User {\n  nickname String?"));
    expect(await diffToSchema(database.databaseUrl, changed)).toContain(
      'ALTER TABLE "users" ADD COLUMN     "nickname" TEXT;',
    );
  });

  it("are written in Prisma's own format", async () => {
    const path = writeMigration("add_nickname", "SELECT 1;\n", new Date("2027-01-02T03:04:05Z"), folder);
    expect(path).toBe(join(folder, "20270102030405_add_nickname", "migration.sql"));
    expect(await readFile(join(folder, "migration_lock.toml"), "utf8")).toContain('provider = "postgresql"');
  });
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end();
  return rows;
}
