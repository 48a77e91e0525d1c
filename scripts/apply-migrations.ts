import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { type Migration, readMigrations } from "./migration-files";
import { PlainError } from "./plain-error";

/** Any number will do, as long as it is Latchkey's own on a database that others share. */
const MIGRATION_LOCK = 5_284_001_926;

/** Prisma's own table, so that `prisma migrate deploy` and `status` read the same history. */
const HISTORY_TABLE = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id varchar(36) PRIMARY KEY NOT NULL,
    checksum varchar(64) NOT NULL,
    finished_at timestamptz,
    migration_name varchar(255) NOT NULL,
    logs text,
    rolled_back_at timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(),
    applied_steps_count integer NOT NULL DEFAULT 0
  )`;

interface HistoryRow {
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
}

/**
 * Applies what is pending and returns the names, oldest first.
 * All of it is one transaction: a migration that fails leaves the database as it was, and of many processes that
 * migrate at once the first does the work while the others wait for it.
 * Throws `PlainError` when the database cannot be reached, its history is not this one's, or a migration fails.
 */
export async function applyMigrations(databaseUrl: string, migrations = readMigrations()): Promise<string[]> {
  const client = new Client({ connectionString: databaseUrl });
  // A connection that breaks fails the query under way; without a listener it would end the process besides.
  client.on("error", () => undefined);
  await connect(client);
  try {
    if (pendingOf(migrations, await readHistory(client)).length === 0) return [];
    await client.query("BEGIN");
    // Held until the end of the transaction, so that it cannot outlive a connection pooler's session.
    await client.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await client.query(HISTORY_TABLE);
    const pending = pendingOf(migrations, await readHistory(client));
    for (const migration of pending) await apply(client, migration);
    await client.query("COMMIT");
    return pending.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

async function connect(client: Client): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    const reason =
      error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : error;
    throw new PlainError(`The database cannot be reached: ${reason}`);
  }
}

async function readHistory(client: Client): Promise<HistoryRow[]> {
  const { rows } = await client.query<{ present: boolean }>(
    "SELECT to_regclass('_prisma_migrations') IS NOT NULL AS present",
  );
  if (!rows[0]?.present) return [];
  const history = await client.query<HistoryRow>(
    "SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL",
  );
  return history.rows;
}

function pendingOf(migrations: readonly Migration[], history: readonly HistoryRow[]): Migration[] {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const row of history) {
    const migration = known.get(row.migration_name);
    if (migration === undefined) {
      throw new PlainError(
        `The database is newer than this Latchkey: it holds the migration ${row.migration_name}.`,
      );
    }
    if (row.finished_at === null) {
      throw new PlainError(`The migration ${row.migration_name} has failed; see "prisma migrate resolve".`);
    }
    if (migration.checksum !== row.checksum) {
      throw new PlainError(`The migration ${row.migration_name} was changed after it had been applied.`);
    }
  }
  const applied = new Set(history.map((row) => row.migration_name));
  return migrations.filter(({ name }) => !applied.has(name));
}

async function apply(client: Client, { name, sql, checksum }: Migration): Promise<void> {
  try {
    await client.query(sql);
  } catch (error) {
    throw new PlainError(`The migration ${name} failed: ${error instanceof Error ? error.message : error}`);
  }
  await client.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
     VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp(), 1)`,
    [randomUUID(), checksum, name],
  );
}
