import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";

let database: TestDatabase;
let sql: Client;
const userId = randomUUID();
beforeAll(async () => {
  database = await freshDatabase();
  sql = new Client({ connectionString: database.url });
  await sql.connect();
  await insert("users", { id: userId, email: "ada@example.test", created_at: "2027-01-01" });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

type Row = Record<string, unknown>;

async function insert(table: string, row: Row): Promise<void> {
  const columns = Object.keys(row);
  const places = columns.map((_, n) => `$${n + 1}`);
  await sql.query(`INSERT INTO ${table} (${columns}) VALUES (${places})`, Object.values(row));
}

const HASH = Buffer.alloc(32, 1);
const user = (): Row => ({
  id: randomUUID(),
  email: `${randomUUID()}@example.test`,
  created_at: "2027-01-01",
});
const session = (): Row => ({
  id: randomUUID(),
  user_id: userId,
  secret_hash: HASH,
  generation: 2,
  acknowledged_generation: 1,
  rotated_at: "2027-01-02",
  acknowledged_at: "2027-01-02",
  authenticated_at: "2027-01-01",
  created_at: "2027-01-01",
  last_seen_at: "2027-01-02",
  idle_expires_at: "2027-01-09",
  expires_at: "2027-01-31",
  ip: "192.0.2.1",
  user_agent: "Firefox",
});
const key = (): Row => ({
  kid: randomUUID(),
  use: "access_token",
  algorithm: randomUUID(),
  state: "active",
  public_jwk: { kty: "EC" },
  sealed_private_key: Buffer.alloc(8),
  created_at: "2027-01-01",
});
const link = (): Row => ({
  id: randomUUID(),
  purpose: "password_reset",
  token_hash: Buffer.from(randomUUID().replaceAll("-", "")),
  user_id: userId,
  created_at: "2027-01-01",
  expires_at: "2027-01-02",
});
const event = (): Row => ({ at: "2027-01-01", type: "session.started", details: {} });
const ROWS = { users: user, sessions: session, signing_keys: key, one_time_links: link, audit_events: event };

describe("the database takes", () => {
  it.each(Object.entries(ROWS))("a row of %s as the application writes it", async (table, row) => {
    await insert(table, row());
  });
});

describe("the database refuses", () => {
  it.each<[string, keyof typeof ROWS, Row, string]>([
    ["an address in capitals", "users", { email: "Ada@example.test" }, "users_email_canonical"],
    ["an address twice", "users", { email: "ada@example.test" }, "users_email_key"],
    ["a secret in clear", "sessions", { secret_hash: Buffer.alloc(33) }, "sessions_secret_hash_is_sha256"],
    ["a session of nobody", "sessions", { user_id: randomUUID() }, "sessions_user_id_fkey"],
    ["a negative generation", "sessions", { generation: -1 }, "sessions_"],
    [
      "an acknowledgement to come",
      "sessions",
      { acknowledged_generation: 3 },
      "sessions_acknowledged_was_issued",
    ],
    ["a recovery to come", "sessions", { recovered_generation: 3 }, "sessions_recovered_was_issued"],
    ["an end without a reason", "sessions", { ended_at: "2027-01-02" }, "sessions_end_has_reason"],
    ["a reason without an end", "sessions", { end_reason: "logout" }, "sessions_end_has_reason"],
    ["idle beyond absolute", "sessions", { idle_expires_at: "2027-02-01" }, "sessions_idle_within_absolute"],
    [
      "a private key in the public part",
      "signing_keys",
      { public_jwk: { d: "x" } },
      "signing_keys_public_jwk",
    ],
    [
      "a secret key in the public part",
      "signing_keys",
      { public_jwk: { k: "x" } },
      "signing_keys_public_jwk",
    ],
    ["a private key that signs no more", "signing_keys", { state: "retired" }, "signing_keys_private_key"],
    [
      "a signing key without private part",
      "signing_keys",
      { sealed_private_key: null },
      "signing_keys_private_key",
    ],
    [
      "a link's token in clear",
      "one_time_links",
      { token_hash: Buffer.alloc(31) },
      "one_time_links_token_hash",
    ],
    ["a reset link for nobody", "one_time_links", { user_id: null }, "one_time_links_setup_is_for_nobody"],
    [
      "a set-up link for somebody",
      "one_time_links",
      { purpose: "setup" },
      "one_time_links_setup_is_for_nobody",
    ],
    [
      "an event off the list's form",
      "audit_events",
      { type: "Session started" },
      "audit_events_type_is_noun",
    ],
  ])("%s", async (_what, table, change, constraint) => {
    await expect(insert(table, { ...ROWS[table](), ...change })).rejects.toMatchObject({
      constraint: expect.stringContaining(constraint),
    });
  });

  it("a second active key of one use and algorithm, and takes it staged", async () => {
    await insert("signing_keys", { ...key(), algorithm: "ES256" });
    const second = { ...key(), algorithm: "ES256" };
    await expect(insert("signing_keys", second)).rejects.toMatchObject({
      constraint: "signing_keys_one_active",
    });
    await insert("signing_keys", { ...second, state: "staged" });
  });

  it.each([
    "UPDATE audit_events SET type = 'session.ended'",
    "UPDATE audit_events SET details = '{}' WHERE false",
    "DELETE FROM audit_events",
    "TRUNCATE audit_events",
  ])("%s", async (statement) => {
    await insert("audit_events", event());
    await expect(sql.query(statement)).rejects.toThrow("append only");
  });

  it("to forget events when their person is deleted", async () => {
    const person = user();
    await insert("users", person);
    await insert("audit_events", { ...event(), user_id: person.id });
    await sql.query("DELETE FROM users WHERE id = $1", [person.id]);
    const { rowCount } = await sql.query("SELECT 1 FROM audit_events WHERE user_id = $1", [person.id]);
    expect(rowCount).toBe(1);
  });
});
