import { Client } from "pg";
import { applyMigrations } from "./apply-migrations";
import { readSharedTables, type Table } from "./database-tables";
import { PlainError } from "./plain-error";

const BATCH_ROWS = 1_000;
const CONNECT_TIMEOUT_MS = 10_000;

/** For both transactions: one text for each value, the same on both sides, and as much time as it takes. */
const TRANSACTION_SETTINGS = `
  SET LOCAL TimeZone = 'UTC';
  SET LOCAL DateStyle = 'ISO';
  SET LOCAL bytea_output = 'hex';
  SET LOCAL statement_timeout = 0;
  SET LOCAL idle_in_transaction_session_timeout = 0`;

export interface CopiedTable {
  table: string;
  rows: number;
  /** Of all its rows in whatever order; equal on both sides. */
  checksum: string;
}

export type ReportProgress = (table: string, copiedRows: number, allRows: number) => void;

/**
 * Copies all that Latchkey keeps from one database into another, and compares the two.
 * The source is read as of one instant. The target is migrated and then filled in one transaction, so that it holds
 * everything or nothing. Memory holds one batch of rows at a time.
 * Throws `PlainError` when either cannot be reached, when both are the same, when the source is empty or the target is
 * not, and when the copy breaks off.
 */
export async function copyDatabase(
  sourceUrl: string,
  targetUrl: string,
  report: ReportProgress = () => {},
): Promise<CopiedTable[]> {
  return withClient("target", targetUrl, (target) =>
    withClient("source", sourceUrl, async (source) => {
      await refuseSameDatabase(source, target);
      // Before the migrations too: a database that is in use is not touched at all.
      await refuseData(target, await readSharedTables(source, target));
      await applyMigrations(targetUrl);
      const copied = await copyAll(source, target, report).catch(explainFailure);
      await target.query("COMMIT").catch(explainLostCommit);
      return copied;
    }),
  );
}

async function withClient<T>(
  role: "source" | "target",
  connectionString: string,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({
    connectionString,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  });
  // A connection that breaks fails the query under way; without a listener it would end the process besides.
  client.on("error", () => undefined);
  await client.connect().catch((error: unknown) => {
    throw new PlainError(`The ${role} cannot be reached: ${reasonOf(error)}`);
  });
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Two addresses may lead to one database; no other has its name on a server that started in the same microsecond. */
async function refuseSameDatabase(source: Client, target: Client): Promise<void> {
  const identify = async (client: Client) =>
    (
      await client.query(
        "SELECT current_database(), current_schema(), extract(epoch FROM pg_postmaster_start_time()) AS started",
      )
    ).rows[0];
  if (JSON.stringify(await identify(source)) === JSON.stringify(await identify(target))) {
    throw new PlainError("Source and target are the same database.");
  }
}

async function refuseData(target: Client, tables: readonly Table[]): Promise<void> {
  const filled: string[] = [];
  for (const { name } of tables) {
    const { rowCount } = await target.query(`SELECT FROM ${name} LIMIT 1`);
    if (rowCount !== 0) filled.push(name);
  }
  if (filled.length > 0) {
    throw new PlainError(
      `The target already holds data (${filled.join(", ")}): copy into a new, empty database.`,
    );
  }
}

/** Leaves the target's transaction open, to be committed. */
async function copyAll(source: Client, target: Client, report: ReportProgress): Promise<CopiedTable[]> {
  await source.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${TRANSACTION_SETTINGS}`);
  await target.query(`BEGIN; ${TRANSACTION_SETTINGS}`);
  const tables = await readSharedTables(source, target);
  // An instance that starts on the target meanwhile waits, and adds nothing.
  await target.query(`LOCK TABLE ${tables.map(({ name }) => name).join(", ")} IN EXCLUSIVE MODE`);
  await refuseData(target, tables);
  const copied: CopiedTable[] = [];
  for (const table of tables) copied.push(await copyTable(source, target, table, report));
  if (copied.every(({ rows }) => rows === 0)) throw new PlainError("The source is empty: nothing to copy.");
  await copySequences(source, target);
  return copied;
}

async function copyTable(
  source: Client,
  target: Client,
  table: Table,
  report: ReportProgress,
): Promise<CopiedTable> {
  const expected = await takeFigures(source, table);
  const insert = insertStatement(table);
  let copiedRows = 0;
  for await (const rows of batchesOf(source, table)) {
    const arrays = table.columns.map((_, column) => rows.map((row) => row[column]));
    await target.query(insert, arrays);
    copiedRows += rows.length;
    report(table.name, copiedRows, expected.rows);
  }
  const found = await takeFigures(target, table);
  if (found.rows !== expected.rows || found.checksum !== expected.checksum) {
    throw new Error(`the copy of ${table.name} differs from it`);
  }
  return expected;
}

type Row = (string | null)[];

/** Every value as Postgres's own text; rows that point to others of their table come after those that point to none. */
async function* batchesOf(source: Client, { name, columns, ownParents }: Table): AsyncGenerator<Row[]> {
  const texts = columns.map((column) => `${column.name}::text`).join(", ");
  const order = ownParents.length === 0 ? "" : `ORDER BY num_nonnulls(${ownParents.join(", ")})`;
  await source.query(`DECLARE batches NO SCROLL CURSOR FOR SELECT ${texts} FROM ${name} ${order}`);
  const fetch = () => source.query<Row>({ text: `FETCH ${BATCH_ROWS} FROM batches`, rowMode: "array" });
  for (let { rows } = await fetch(); rows.length > 0; { rows } = await fetch()) yield rows;
  await source.query("CLOSE batches");
}

/** Takes an array of texts for each column; Postgres reads its own text back without loss. */
function insertStatement({ name, columns }: Table): string {
  const names = columns.map((column) => column.name).join(", ");
  const values = columns.map((column) => `${column.name}::${column.type}`).join(", ");
  const arrays = columns.map((_, index) => `$${index + 1}::text[]`).join(", ");
  return `INSERT INTO ${name} (${names}) SELECT ${values} FROM unnest(${arrays}) AS batch (${names})`;
}

/** The sum of a hash of each row: whatever order the rows are in, and without holding them. */
async function takeFigures(client: Client, { name, columns }: Table): Promise<CopiedTable> {
  const row = `ROW(${columns.map((column) => column.name).join(", ")})::text`;
  const hash = `('x' || left(encode(sha256(convert_to(${row}, 'UTF8')), 'hex'), 16))::bit(64)::bigint`;
  const { rows } = await client.query<{ rows: string; checksum: string }>(
    `SELECT count(*) AS rows, coalesce(sum(${hash}), 0)::text AS checksum FROM ${name}`,
  );
  return { table: name, rows: Number(rows[0]?.rows), checksum: String(rows[0]?.checksum) };
}

/** A number that the source has given out, used or not, is not given out again. */
async function copySequences(source: Client, target: Client): Promise<void> {
  const { rows } = await source.query<{ sequence: string; last_value: string }>(
    `SELECT format('%I', sequencename) AS sequence, last_value FROM pg_sequences
     WHERE schemaname = current_schema() AND last_value IS NOT NULL`,
  );
  for (const { sequence, last_value } of rows) {
    await target.query("SELECT setval($1::regclass, $2)", [sequence, last_value]);
  }
}

function explainFailure(error: unknown): never {
  if (error instanceof PlainError) throw error;
  throw new PlainError(`The copy broke off, and the target holds nothing of it: ${reasonOf(error)}`);
}

function explainLostCommit(error: unknown): never {
  throw new PlainError(
    `The target did not answer at the end (${reasonOf(error)}): copy again; if it then already holds data, the copy is complete.`,
  );
}

/** An error about several addresses of one host has a code and no message. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || String((error as NodeJS.ErrnoException).code);
}
