import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RunningProcess, startNode } from "../e2e/support/running-process";
import { findRunningDatabase, withDatabase } from "./embedded-database";

const WRITERS = 8;
const ROUNDS = 3;
const WRITES_BEFORE_KILL = 400;

describe("the embedded database", () => {
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "latchkey-database-"));
  });
  afterEach(() => rm(dataDir, { recursive: true }));

  const serve = () =>
    startNode(["--import", "tsx", "scripts/fixtures/serve-database.ts"], { DATA_DIR: dataDir });
  const urlOf = async (server: RunningProcess) => (await server.untilOutput(/^ready (\S+)$/m))[1];

  it("loses no acknowledged write when it is killed under load", async () => {
    const acknowledged = new Set<number>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const server = serve();
      await writeUntilKilled(server, await urlOf(server), acknowledged);
    }
    const present = await withDatabase({ databaseUrl: null, dataDir }, (url) => readNumbers(url));
    const lost = [...acknowledged].filter((number) => !present.has(number));
    expect(acknowledged.size).toBeGreaterThanOrEqual(ROUNDS * WRITES_BEFORE_KILL);
    expect(lost).toEqual([]);
  });

  it("is found by the command line while it runs, and only then", async () => {
    expect(await findRunningDatabase(dataDir)).toBeNull();
    const server = serve();
    const url = await urlOf(server);
    expect(await findRunningDatabase(dataDir)).toBe(url);
    expect(await withDatabase({ databaseUrl: null, dataDir }, async (found) => found)).toBe(url);
    server.signal("SIGKILL");
    await server.ended;
    expect(await findRunningDatabase(dataDir)).toBeNull();
  });

  it("keeps the answers of many connections apart", async () => {
    const wrong = await withDatabase({ databaseUrl: null, dataDir }, async (url) => {
      const counts = await Promise.all(
        Array.from({ length: WRITERS }, (_, writer) => countWrongAnswers(url, writer)),
      );
      return counts.reduce((sum, count) => sum + count, 0);
    });
    expect(wrong).toBe(0);
  });
});

async function writeUntilKilled(
  server: RunningProcess,
  databaseUrl: string | undefined,
  acknowledged: Set<number>,
): Promise<void> {
  const setup = await connect(databaseUrl);
  await setup.query("CREATE TABLE IF NOT EXISTS written (number int PRIMARY KEY)");
  await setup.end();
  const first = acknowledged.size;
  const numbers = endlessNumbers(Math.max(0, ...acknowledged) + WRITERS + 1);
  const write = async () => {
    const client = await connect(databaseUrl);
    for (const number of numbers) {
      await client.query("INSERT INTO written VALUES ($1)", [number]);
      acknowledged.add(number);
      if (acknowledged.size === first + WRITES_BEFORE_KILL) server.signal("SIGKILL");
    }
  };
  await Promise.allSettled(Array.from({ length: WRITERS }, write));
  await server.ended;
}

function* endlessNumbers(from: number): Generator<number> {
  for (let number = from; ; number += 1) yield number;
}

async function readNumbers(databaseUrl: string): Promise<Set<number>> {
  const client = await connect(databaseUrl);
  const { rows } = await client.query<{ number: number }>("SELECT number FROM written");
  await client.end();
  return new Set(rows.map((row) => row.number));
}

/** Parameters of 300 kB do not fit into one read of a socket, so that another connection could come in between. */
async function countWrongAnswers(databaseUrl: string, writer: number): Promise<number> {
  const client = await connect(databaseUrl);
  let wrong = 0;
  for (let turn = 0; turn < 60; turn += 1) {
    const sent = `${writer}-${turn}`.padEnd((turn + writer) % 2 === 0 ? 300_000 : 10, "x");
    const columns = Array.from({ length: 1 + (turn % 3) }, (_, index) => `$${index + 1}::text AS "${index}"`);
    const answer = client.query(`SELECT ${columns.join()}`, columns.fill(sent));
    const rows = await answer.then(
      (result) => result.rows,
      () => [],
    );
    if (rows[0]?.[0] !== sent) wrong += 1;
  }
  await client.end();
  return wrong;
}

async function connect(databaseUrl: string | undefined): Promise<Client> {
  const client = new Client({ connectionString: databaseUrl });
  client.on("error", () => {});
  await client.connect();
  return client;
}
