import { Client } from "pg";
import { openStores } from "../../lib/store/stores";
import { ratePerSecond } from "./measure";
import type { BenchPostgres } from "./postgres";
import { SESSIONS, secretHashOf, sessionIdOf } from "./seed";

const SECONDS = 10;
const COUNTED = 1_000;
const CLIENT = { ip: "192.0.2.1", userAgent: "bench" };

/** A single row's UPDATE, as pgbench has it, on a table of as many rows. */
export const PGBENCH_SCRIPT = [
  `\\set aid random(1, ${SESSIONS})`,
  "UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :aid;",
].join("\n");

/** As sessions are on most of their refreshes: not the first of the day, and from where they were last. */
const IN_USE_TODAY = `
  UPDATE sessions SET ip = '${CLIENT.ip}', idle_expires_at = LEAST(expires_at, now() + interval '7 days')
  WHERE id IN (SELECT id FROM sessions WHERE end_reason IS NULL ORDER BY md5(id) LIMIT 200000)
  RETURNING id, generation`;

export interface RotationFigures {
  /** Statements that the database was sent for one rotation. */
  statements: number;
  /** The share of updates that wrote no index. */
  hotShare: number;
  rates: { workers: number; rotations: number; pgbench: number }[];
}

/** How fast sessions are rotated through the store that the product uses, beside pgbench on the same server. */
export async function measureRotation(postgres: BenchPostgres, scriptPath: string): Promise<RotationFigures> {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  const rotate = rotations(postgres.url, await tokensOf(client));
  postgres.pgbench(["-i", "-q", "-s", String(SESSIONS / 100_000)]);
  await client.query("CREATE EXTENSION pg_stat_statements");
  await rotate.many(COUNTED);
  await client.query("SELECT pg_stat_statements_reset()");
  await rotate.many(COUNTED);
  const { rows } = await client.query<{ statements: number }>(
    `SELECT sum(calls)::float8 AS statements FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'`,
  );
  const before = await updates(client);
  const rates = [];
  for (const workers of [1, 4, 10]) {
    const perSecond = await rotate.atOnce(workers);
    const pgbench = postgres.pgbench([
      ...["-n", "-f", scriptPath, "-M", "prepared", "-c", String(workers), "-j", "2", "-T", String(SECONDS)],
    ]);
    rates.push({ workers, rotations: perSecond, pgbench });
  }
  const after = await updates(client);
  await client.end();
  return {
    statements: (rows[0]?.statements ?? 0) / COUNTED,
    hotShare: (after.hot - before.hot) / (after.all - before.all),
    rates,
  };
}

type Token = Parameters<ReturnType<typeof openStores>["sessions"]["rotate"]>[0];

async function tokensOf(client: Client): Promise<Token[]> {
  const { rows } = await client.query<{ id: string; generation: number }>(IN_USE_TODAY);
  await client.query("VACUUM ANALYZE sessions");
  const numberOf = new Map(Array.from({ length: SESSIONS }, (_, n) => [sessionIdOf(n), n]));
  return rows.map(({ id, generation }) => ({
    sessionId: id,
    generation,
    secretHash: secretHashOf(numberOf.get(id) ?? 0),
    clientId: null,
  }));
}

/** Each with connections of its own, whose ends bring the server's statistics up to date. */
function rotations(url: string, tokens: Token[]) {
  const now = new Date();
  const withStores = async <Result>(
    use: (rotate: () => Promise<void>) => Promise<Result>,
  ): Promise<Result> => {
    const stores = openStores(url);
    try {
      return await use(async () => {
        const token = tokens.pop();
        if (token === undefined) throw new Error("There are no more sessions to rotate.");
        const rotated = await stores.sessions.rotate(token, { now, idleSeconds: 604_800, client: CLIENT });
        if (rotated === null) throw new Error("A session that lives was not rotated.");
      });
    } finally {
      await stores.close();
    }
  };
  return {
    many: (times: number) =>
      withStores(async (rotate) => {
        for (let n = 0; n < times; n += 1) await rotate();
      }),
    atOnce: (workers: number) =>
      withStores(async (rotate) => {
        await ratePerSecond(workers, 1, rotate);
        return ratePerSecond(workers, SECONDS, rotate);
      }),
  };
}

async function updates(client: Client): Promise<{ all: number; hot: number }> {
  const { rows } = await client.query<{ all: number; hot: number }>(
    `SELECT n_tup_upd::float8 AS all, n_tup_hot_upd::float8 AS hot FROM pg_stat_user_tables WHERE relname = 'sessions'`,
  );
  if (rows[0] === undefined) throw new Error("There are no statistics of the sessions.");
  return rows[0];
}
