import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Client } from "pg";
import { type Cluster, startCluster } from "../../e2e/instances/support/cluster";
import { signedIn, type Visitor } from "../../e2e/instances/support/visitor";
import { prepare } from "../../scripts/setup.mjs";
import type { FloodOrder, FloodOutcome, Forgery } from "./flood";
import { type Percentiles, percentiles } from "./measure";
import { evenly } from "./pace";
import type { BenchPostgres } from "./postgres";

const GOOD_PER_SECOND = 40;
const FLOOD_PER_SECOND = 250;
const WARM_UP_MS = 5_000;
/** Each kind in turn, a little at a time, so that whatever else the machine does falls on all of them. */
const ROUNDS = 10;
const FLOOD_OF_A_ROUND = 1_000;
const ALONE_MS = (FLOOD_OF_A_ROUND / FLOOD_PER_SECOND) * 1_000;

const KINDS = ["alone", "a known kid", "random kids"] as const;
type Kind = (typeof KINDS)[number];

export interface FloodFigures {
  /** What good requests had beside them: nothing, or forged tokens of this kind. */
  beside: Kind;
  good: Percentiles & { count: number; refused: number };
  /** What became of the forged tokens. */
  outcome: FloodOutcome;
  /** How often a second the signing keys were read from the database. */
  keyReads: number;
}

/**
 * One process of the production build, which is asked evenly by somebody who is signed in: alone, and during floods of
 * forged tokens. Those with a known kid cost the same but for the keys.
 */
export async function measureUnknownKids({ url }: BenchPostgres): Promise<FloodFigures[]> {
  await prepare({ build: true });
  const databaseUrl = await createDatabase(url);
  const cluster = await startCluster({ count: 1, databaseUrl, env: { LOG_LEVEL: "warn" } });
  const flood = fork(new URL("flood.ts", import.meta.url), { execArgv: ["--import", "tsx"] });
  try {
    const visitor = await signedIn(cluster.instance(0));
    await measure(cluster, visitor, passing(WARM_UP_MS));
    const samples = KINDS.map(newSample);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const sample of samples) await addTo(sample, cluster, visitor, flood);
    }
    return samples.map(toFigures);
  } finally {
    flood.kill();
    await cluster.stop();
  }
}

/** What is gathered of one kind. */
interface Sample {
  beside: Kind;
  takenMs: number[];
  refused: number;
  outcome: FloodOutcome;
  reads: number;
  seconds: number;
}

const newSample = (beside: Kind): Sample => ({
  beside,
  takenMs: [],
  refused: 0,
  outcome: {},
  reads: 0,
  seconds: 0,
});

const toFigures = ({ beside, takenMs, refused, outcome, reads, seconds }: Sample): FloodFigures => ({
  beside,
  good: { ...percentiles(takenMs), count: takenMs.length, refused },
  outcome,
  keyReads: reads / seconds,
});

async function addTo(sample: Sample, cluster: Cluster, visitor: Visitor, flood: ChildProcess): Promise<void> {
  const { beside } = sample;
  const during = beside === "alone" ? passing(ALONE_MS) : carryOut(flood, cluster, visitor, beside);
  const { outcome, ...measured } = await measure(cluster, visitor, during);
  sample.takenMs.push(...measured.takenMs);
  sample.refused += measured.refused;
  sample.reads += measured.reads;
  sample.seconds += measured.seconds;
  for (const [what, count] of Object.entries(outcome)) {
    sample.outcome[what] = (sample.outcome[what] ?? 0) + count;
  }
}

/** Good requests until `during` is over. */
async function measure(
  cluster: Cluster,
  visitor: Visitor,
  during: Promise<FloodOutcome>,
): Promise<Omit<Sample, "beside">> {
  const instance = cluster.instance(0);
  const takenMs: number[] = [];
  let refused = 0;
  let isOver = false;
  const ask = async () => {
    const start = performance.now();
    const { status } = await instance.request("GET", "/api/auth/session", { bearer: visitor.access ?? "" });
    takenMs.push(performance.now() - start);
    if (status !== 200) refused += 1;
  };
  const readsBefore = await keyReads(cluster);
  const start = performance.now();
  const [outcome] = await Promise.all([
    during.finally(() => {
      isOver = true;
    }),
    evenly(GOOD_PER_SECOND, ask, () => isOver),
  ]);
  const seconds = (performance.now() - start) / 1_000;
  return { takenMs, refused, outcome, reads: (await keyReads(cluster)) - readsBefore, seconds };
}

async function carryOut(
  flood: ChildProcess,
  cluster: Cluster,
  { access: accessToken = "" }: Visitor,
  forgery: Forgery,
): Promise<FloodOutcome> {
  const { port, origin } = cluster.instance(0);
  const { host } = new URL(origin);
  const [count, perSecond] = [FLOOD_OF_A_ROUND, FLOOD_PER_SECOND];
  const order: FloodOrder = { port, host, accessToken, forgery, count, perSecond };
  flood.send(order);
  const [outcome] = await once(flood, "message");
  return outcome;
}

const passing = (ms: number): Promise<FloodOutcome> =>
  new Promise((resolve) => setTimeout(() => resolve({}), ms));

/** How often the table of keys has been read, as Postgres counts statements. */
async function keyReads({ sql }: Cluster): Promise<number> {
  const [row] = await sql<{ reads: number }>(
    `SELECT COALESCE(sum(calls), 0)::float8 AS reads FROM pg_stat_statements
     WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND query LIKE 'SELECT%FROM%signing_keys%' AND query NOT LIKE '%pg_stat_statements%'`,
  );
  return row?.reads ?? 0;
}

/** An empty one, whose statements are counted. */
async function createDatabase(url: string): Promise<string> {
  const server = new Client({ connectionString: url });
  await server.connect();
  await server.query("CREATE DATABASE unknown_kids");
  await server.end();
  const own = new URL(url);
  own.pathname = "/unknown_kids";
  const client = new Client({ connectionString: own.href });
  await client.connect();
  await client.query("CREATE EXTENSION pg_stat_statements");
  await client.end();
  return own.href;
}
