import { createHash, randomUUID } from "node:crypto";
import { Client } from "pg";
import { applyMigrations } from "../../scripts/apply-migrations";
import { readMigrations } from "../../scripts/migration-files";

export interface TestDatabase {
  url: string;
  /** Removes it, whoever is still connected. */
  drop(): Promise<void>;
}

/** Any number; two test processes must not make the same template at once. */
const TEMPLATE_LOCK = 5_284_001_927;

/** A new database with all migrations, copied from a template that is migrated once per set of migrations. */
export async function freshDatabase(): Promise<TestDatabase> {
  return onServer(async (client) => createDatabase(client, await requireTemplate(client)));
}

/** A new database with nothing in it. */
export async function emptyDatabase(): Promise<TestDatabase> {
  return onServer((client) => createDatabase(client, "template1"));
}

async function createDatabase(client: Client, template: string): Promise<TestDatabase> {
  const name = `latchkey_test_${randomUUID().replaceAll("-", "")}`;
  await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const drop = () =>
    onServer((again) => again.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)).then(() => {});
  return { url: urlOf(name), drop };
}

async function requireTemplate(client: Client): Promise<string> {
  const checksums = readMigrations().map(({ checksum }) => checksum);
  const name = `latchkey_template_${createHash("sha256").update(checksums.join()).digest("hex").slice(0, 16)}`;
  await client.query("SELECT pg_advisory_lock($1)", [TEMPLATE_LOCK]);
  const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
  if (rowCount === 0) await makeTemplate(client, name);
  await client.query("SELECT pg_advisory_unlock($1)", [TEMPLATE_LOCK]);
  return name;
}

/** Under another name until it is complete, so that a half-made one is never copied. */
async function makeTemplate(client: Client, name: string): Promise<void> {
  await client.query(`DROP DATABASE IF EXISTS ${name}_new`);
  await client.query(`CREATE DATABASE ${name}_new`);
  await applyMigrations(urlOf(`${name}_new`));
  await client.query(`ALTER DATABASE ${name}_new RENAME TO ${name}`);
}

async function onServer<T>(use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: serverUrl().href });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

function urlOf(database: string): string {
  const url = serverUrl();
  url.pathname = `/${database}`;
  return url.href;
}

function serverUrl(): URL {
  const url = process.env.TEST_DATABASE_URL;
  if (!url)
    throw new Error("TEST_DATABASE_URL is not set; `npm test -- integration` starts a Postgres and sets it.");
  return new URL(url);
}
