import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { createClient, type Database } from "./client";
import { isOutage } from "./outage";

let database: TestDatabase;
let client: ReturnType<typeof createClient>;
let sql: Client;
beforeAll(async () => {
  database = await freshDatabase();
  client = createClient(database.url);
  sql = new Client({ connectionString: database.url });
  await sql.connect();
});
afterAll(async () => {
  await Promise.all([client.$disconnect(), sql.end()]);
  await database.drop();
});

/** A statement that takes until it is cut off. */
const readFor = (db: Pick<Database, "$queryRaw">) => db.$queryRaw`SELECT pg_sleep(60)`;

/** Cuts off whoever is at work, once somebody is. */
async function cutOff(): Promise<void> {
  for (;;) {
    // Within a transaction the view stands still.
    await sql.query("SELECT pg_stat_clear_snapshot()");
    const { rowCount } = await sql.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active'`,
    );
    if (rowCount !== 0) return;
  }
}

describe("an answer that the server cut off is an outage", () => {
  it.each<[string, () => Promise<unknown>]>([
    ["of a query", () => readFor(client)],
    [
      "of a statement",
      () => client.$executeRaw`UPDATE users SET name = NULL WHERE pg_sleep(60) IS NULL OR TRUE`,
    ],
    ["of a model", () => client.user.findMany()],
    ["of a transaction", () => client.$transaction((tx) => readFor(tx))],
  ])("%s", async (_, ask) => {
    // Whoever asks for the people waits for this lock.
    await sql.query("BEGIN");
    await sql.query("LOCK TABLE users IN ACCESS EXCLUSIVE MODE");
    const failure = ask().then(
      () => null,
      (error: unknown) => error,
    );
    await cutOff();
    await sql.query("ROLLBACK");
    expect(isOutage(await failure)).toBe(true);
  });
});
