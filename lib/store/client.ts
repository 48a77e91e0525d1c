import { PrismaPg } from "@prisma/adapter-pg";
import { Pool } from "pg";
import { Connection } from "./connection";
import { PrismaClient } from "./generated/client";

const IDLE_TIMEOUT_MS = 30_000;

interface Patience {
  connections: number;
  /** For a connection, one that is free included. */
  connectMs: number;
  /** For a statement, the locks it waits for included. */
  statementMs: number;
  /** For its answer, on top. */
  answerMs: number;
}

/** A database that does not answer is an outage, not a request that hangs. Well under the denylist's overlap. */
const PATIENT: Patience = { connections: 10, connectMs: 3_000, statementMs: 4_000, answerMs: 1_000 };

/** For what a request can do without: a few connections of its own, so that it keeps none from the others. */
export const IMPATIENT: Patience = { connections: 3, connectMs: 1_000, statementMs: 1_000, answerMs: 200 };

/** The embedded database runs one transaction at a time, so one may have to wait for its turn. */
const TRANSACTION_MAX_WAIT_MS = 10_000;
const TRANSACTION_TIMEOUT_MS = 10_000;

/** A pool on one database. Nothing connects before the first query. */
export function createClient(databaseUrl: string, patience: Patience = PATIENT): PrismaClient {
  const pool = new Pool({
    Client: Connection,
    connectionString: databaseUrl,
    max: patience.connections,
    connectionTimeoutMillis: patience.connectMs,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    keepAlive: true,
    statement_timeout: patience.statementMs,
    // A process that stands still in a transaction holds what it has locked no longer than that.
    idle_in_transaction_session_timeout: TRANSACTION_TIMEOUT_MS,
    query_timeout: patience.statementMs + patience.answerMs,
    // Prisma's adapter writes and reads an instant without its zone, as if every server were set to UTC.
    options: "-c TimeZone=UTC",
  });
  // A connection that breaks while nobody uses it is replaced by the pool.
  pool.on("error", () => undefined);
  const adapter = new PrismaPg(pool, {
    disposeExternalPool: true,
  });
  return new PrismaClient({
    adapter,
    errorFormat: "minimal",
    // Kept by the database for an index on them.
    omit: { session: { idleExpiresOn: true }, user: { searchText: true } },
    transactionOptions: { maxWait: TRANSACTION_MAX_WAIT_MS, timeout: TRANSACTION_TIMEOUT_MS },
  });
}

/** The client, or one bound to a running transaction. */
export type Database = Omit<PrismaClient, "$connect" | "$disconnect" | "$on" | "$transaction" | "$extends">;

/** Prisma's code for a broken unique constraint. */
const UNIQUE_VIOLATION = "P2002";

export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === UNIQUE_VIOLATION;
}
