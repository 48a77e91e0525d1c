import { Prisma } from "./generated/client";

/** Prisma: cannot reach, timed out, closed the connection, no connection free, no transaction started in time. */
const OUTAGE_CODES = new Set([
  "P1000",
  "P1001",
  "P1002",
  "P1008",
  "P1011",
  "P1017",
  "P2024",
  "P2028",
  "P2037",
]);

/** Postgres: connection exceptions (class 08), shutting down or starting (57P), out of time (57014), too many connections (53). */
const OUTAGE_SQL_STATES = /^(08|57P|57014|53)/;
const OUTAGE_ERRNOS = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "ETIMEDOUT",
  "EPIPE",
  "EHOSTUNREACH",
  "ENOTFOUND",
]);
const OUTAGE_MESSAGES =
  /Connection terminated|Query read timeout|timeout exceeded when trying to connect|Can't reach database/i;

/** Whether the database could not be asked, as opposed to having refused: nothing is known, so nobody is signed out. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof Prisma.PrismaClientInitializationError) return true;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (OUTAGE_CODES.has(code) || OUTAGE_SQL_STATES.test(code) || OUTAGE_ERRNOS.has(code)) return true;
  return OUTAGE_MESSAGES.test(error.message) || isOutage(causeOf(error));
}

/** The driver's own error, under any of the names that Prisma and Node give it. */
function causeOf(error: Error): unknown {
  const { meta } = error as { meta?: { driverAdapterError?: unknown } };
  return meta?.driverAdapterError ?? error.cause;
}
