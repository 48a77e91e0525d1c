import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { createClient } from "./client";
import type { PrismaClient } from "./generated/client";
import { addUser } from "./testing/session-store-subject";

let database: TestDatabase;
let db: PrismaClient;
let sql: Client;
beforeAll(async () => {
  database = await freshDatabase();
  sql = new Client({ connectionString: database.url });
  await sql.connect();
});
afterAll(async () => {
  await Promise.all([db.$disconnect(), sql.end()]);
  await database.drop();
});

it("an instant is the same in the database and here, whatever zone the server is set to", async () => {
  await sql.query(
    `ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET TimeZone = 'America/New_York'`,
  );
  db = createClient(database.url);
  // Within an hour that New York skips.
  const createdAt = new Date("2027-03-14T02:30:00.123Z");
  const { id } = await addUser(db, { createdAt });
  const { rows } = await sql.query("SELECT created_at FROM users WHERE id = $1", [id]);
  expect(rows).toEqual([{ created_at: createdAt }]);
  expect(await db.user.findUnique({ where: { id } })).toMatchObject({ createdAt });
  const other = randomUUID();
  await sql.query("INSERT INTO users (id, email, created_at) VALUES ($1, 'bob@example.test', $2)", [
    other,
    createdAt,
  ]);
  expect(await db.$queryRaw`SELECT created_at FROM users WHERE created_at = ${createdAt}`).toEqual([
    { created_at: createdAt },
    { created_at: createdAt },
  ]);
});
