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

/**
 * Postgres: connection exceptions (class 08), shutting down or starting (57P), out of time (57014), too many connections
 * (53), given up for others that waited for each other (40P01). Nothing of it was kept.
 */
const OUTAGE_SQL_STATES = /^(08|57P|57014|53|40P01)/;
const OUTAGE_ERRNOS = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "ETIMEDOUT",
  "EPIPE",
  "EHOSTUNREACH",
  "ENOTFOUND",
]);
/** What Prisma's driver adapter makes of the driver's errors. */
const OUTAGE_KINDS = new Set([
  "ConnectionClosed",
  "SocketTimeout",
  "DatabaseNotReachable",
  "TooManyConnections",
]);
const OUTAGE_MESSAGES =
  /Connection terminated|Query read timeout|timeout exceeded when trying to connect|Can't reach database/i;

/** Whether the database could not be asked, as opposed to having refused: nothing is known, so nobody is signed out. */
export function isOutage(error: unknown): boolean {
  return error instanceof Error && tellsOfOutage(error);
}

/** Prisma wraps the driver's error in its own, and hands on what Postgres said as an object that is no error. */
function tellsOfOutage(told: object): boolean {
  if (told instanceof Prisma.PrismaClientInitializationError) return true;
  if (codesOf(told).some(isOutageCode)) return true;
  if ("kind" in told && OUTAGE_KINDS.has(String(told.kind))) return true;
  const message = "message" in told && typeof told.message === "string" ? told.message : "";
  const cause = causeOf(told);
  return OUTAGE_MESSAGES.test(message) || (cause !== null && tellsOfOutage(cause));
}

const isOutageCode = (code: string): boolean =>
  OUTAGE_CODES.has(code) || OUTAGE_ERRNOS.has(code) || OUTAGE_SQL_STATES.test(code);

function codesOf(told: object): string[] {
  const { code, originalCode } = told as { code?: unknown; originalCode?: unknown };
  return [code, originalCode].filter((each) => typeof each === "string");
}

/** The driver's own error, under any of the names that Prisma and Node give it. */
function causeOf(told: object): object | null {
  const { meta, cause } = told as { meta?: { driverAdapterError?: unknown }; cause?: unknown };
  const inner = meta?.driverAdapterError ?? cause;
  return typeof inner === "object" ? inner : null;
}
