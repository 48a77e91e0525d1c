import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readSettings } from "../lib/config/settings";
import { applyMigrations } from "./apply-migrations";
import { withDatabase } from "./embedded-database";
import { MIGRATIONS_FOLDER, writeMigration } from "./migration-files";
import { textFor } from "./plain-error";
import { diffToSchema } from "./schema-engine";

const USAGE = `npm run migrate -- create NAME | apply | check | initial

  create NAME   writes the difference between prisma/migrations and prisma/schema.prisma as a new migration
  apply         applies what is pending to DATABASE_URL, or to the embedded database
  check         exits 1 and prints the SQL when prisma/migrations and prisma/schema.prisma differ
  initial       rewrites the first migration from the schema; only while no database anybody keeps has it
`;
const INITIAL = "20261124000000_initial";
const NAME = /^[a-z0-9_]+$/;

/** The SQL that the migrations lack to reach the schema, or null. Runs them in an embedded database of its own. */
export function findDrift(): Promise<string | null> {
  return onEmptyDatabase(async (databaseUrl) => {
    await applyMigrations(databaseUrl);
    return diffToSchema(databaseUrl);
  });
}

async function onEmptyDatabase<T>(use: (databaseUrl: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-drift-"));
  try {
    return await withDatabase({ databaseUrl: null, dataDir: folder }, use);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The path of the new migration, or null when there is nothing to change. */
export async function createMigration(name: string, folder = MIGRATIONS_FOLDER): Promise<string | null> {
  const sql = await findDrift();
  return sql === null ? null : writeMigration(name, sql, new Date(), folder);
}

async function create(name: string | undefined): Promise<number> {
  if (name === undefined || !NAME.test(name)) return usage();
  const path = await createMigration(name);
  process.stdout.write(path === null ? "Nothing to change.\n" : `Wrote ${path}\n`);
  return 0;
}

async function initial(): Promise<number> {
  const sql = await onEmptyDatabase(diffToSchema);
  const path = join(MIGRATIONS_FOLDER, INITIAL, "migration.sql");
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, sql ?? "");
  process.stdout.write(`Wrote ${path}\n`);
  return 0;
}

async function apply(): Promise<number> {
  const applied = await withDatabase(readSettings(process.env), (url) => applyMigrations(url));
  process.stdout.write(
    applied.length === 0 ? "Nothing pending.\n" : `${applied.map((name) => `Applied ${name}\n`).join("")}`,
  );
  return 0;
}

async function check(): Promise<number> {
  const drift = await findDrift();
  process.stdout.write(drift ?? "Schema and migrations agree.\n");
  return drift === null ? 0 : 1;
}

function usage(): number {
  process.stderr.write(USAGE);
  return 2;
}

const VERBS: Record<string, (argument: string | undefined) => Promise<number> | number> = {
  create,
  apply,
  check,
  initial,
};

async function main([verb = "", argument]: string[]): Promise<number> {
  try {
    return await (VERBS[verb] ?? usage)(argument);
  } catch (error) {
    process.stderr.write(textFor(error));
    return 1;
  }
}

if (process.argv[1] === import.meta.filename) process.exit(await main(process.argv.slice(2)));
