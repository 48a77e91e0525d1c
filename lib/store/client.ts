import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "./generated/client";

const MAX_CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 3_000;
const IDLE_TIMEOUT_MS = 30_000;

/** A database that does not answer is an outage, not a request that hangs. Well under the denylist's overlap. */
const STATEMENT_TIMEOUT_MS = 4_000;
const ANSWER_GRACE_MS = 1_000;

/** The embedded database runs one transaction at a time, so one may have to wait for its turn. */
const TRANSACTION_MAX_WAIT_MS = 10_000;
const TRANSACTION_TIMEOUT_MS = 10_000;

/** A pool on one database. Nothing connects before the first query. */
export function createClient(databaseUrl: string): PrismaClient {
  const adapter = new PrismaPg({
    connectionString: databaseUrl,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    keepAlive: true,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + ANSWER_GRACE_MS,
    // Prisma's adapter writes and reads an instant without its zone, as if every server were set to UTC.
    options: "-c TimeZone=UTC",
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
