import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { emptyDatabase, freshDatabase, type TestDatabase } from "../../e2e/support/fresh-database";
import { startNode } from "../../e2e/support/running-process";

const ANY_LOCK = 7;

describe("database copy", () => {
  let dataDir: string;
  let target: TestDatabase;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "latchkey-cli-copy-"));
    await run("admin", "create", "ada@example.com");
  });
  beforeEach(async () => {
    target = await emptyDatabase();
  });
  afterEach(() => target.drop());
  afterAll(() => rm(dataDir, { recursive: true }));

  const start = (...words: string[]) => startNode(["scripts/cli.mjs", ...words], environment());
  const environment = () => ({ DATA_DIR: dataDir, DATABASE_URL: "", APP_SECRET: "", APP_SECRET_FILE: "" });
  const run = async (...words: string[]) => {
    const command = start(...words);
    return { code: await command.ended, output: command.output() };
  };
  const people = () => query(target.url, "SELECT email FROM users");

  it("says what it copied and what the instances need, and does not show the secret", async () => {
    const { code, output } = await run("database", "copy", "--to", target.url);
    expect(output).toMatch(/^users +1 +-?\d+$/m);
    expect(output).toMatch(/^Copied in \d+\.\d s, and compared\.$/m);
    const secretFile = join(dataDir, "app-secret");
    expect(output).toContain(`APP_SECRET_FILE  a copy of ${secretFile}`);
    expect(output).not.toContain((await readFile(secretFile, "utf8")).trim());
    expect(code).toBe(0);
    expect(await people()).toEqual([{ email: "ada@example.com" }]);
  });

  it("gives its figures as JSON", async () => {
    const { output } = await run("database", "copy", "--to", target.url, "--json");
    const { tables } = JSON.parse(output);
    expect(tables).toContainEqual({ table: "users", rows: 1, checksum: expect.stringMatching(/^-?\d+$/) });
  });

  it("warns that instances may still write to a source that is not embedded", async () => {
    await run("database", "copy", "--to", target.url);
    const other = await emptyDatabase();
    const secret = "0123456789abcdefghijklmnopqrstuvwxyz";
    const command = startNode(["scripts/cli.mjs", "database", "copy", "--to", other.url], {
      ...environment(),
      DATABASE_URL: target.url,
      APP_SECRET: secret,
    });
    expect(await command.ended).toBe(0);
    expect(command.output()).toMatch(/still runs on the source cannot be seen/);
    expect(command.output()).not.toContain(secret);
    expect(await query(other.url, "SELECT email FROM users")).toEqual(await people());
    await other.drop();
  });

  it("is refused while Latchkey runs on the source", async () => {
    const server = startNode(["--import", "tsx", "scripts/fixtures/serve-database.ts"], environment());
    await server.untilOutput(/^ready/m);
    const refused = await run("database", "copy", "--to", target.url);
    expect(refused).toEqual({ code: 1, output: `Latchkey is running on ${dataDir}: stop it first.\n` });
    server.signal("SIGTERM");
    await server.ended;
  });

  it.each([
    [["--to", "postgresql://127.0.0.1:1/none"], 1, /^The target cannot be reached: .+\n$/],
    [["--to", "mysql://127.0.0.1/latchkey"], 2, /^Give --to postgresql:.+\n$/],
    [[], 2, /^Give --to postgresql:.+\n$/],
  ])("with %j ends with one line", async (options, code, line) => {
    const refused = await run("database", "copy", ...options);
    expect(refused).toEqual({ code, output: expect.stringMatching(line) });
  });

  it("leaves the target without data when it is interrupted", async () => {
    const full = await freshDatabase();
    const holder = new Client({ connectionString: full.url });
    await holder.connect();
    await holder.query(`SELECT pg_advisory_lock(${ANY_LOCK})`);
    await holder.query(`
      CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_advisory_xact_lock_shared(${ANY_LOCK}); RETURN NULL; END $$;
      CREATE TRIGGER wait AFTER INSERT ON users FOR EACH STATEMENT EXECUTE FUNCTION wait()`);
    const command = start("database", "copy", "--to", full.url);
    const others = (condition: string) =>
      holder.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() ${condition}`,
      );
    while ((await others("AND wait_event = 'advisory'")).rowCount === 0);
    command.signal("SIGINT");
    expect(await command.ended).toBe("SIGINT");
    await holder.query(`SELECT pg_advisory_unlock(${ANY_LOCK})`);
    while ((await others("")).rowCount !== 0);
    expect((await holder.query("SELECT FROM users")).rowCount).toBe(0);
    await holder.end();
    await full.drop();
  });
});

async function query(databaseUrl: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end();
  return rows;
}
