import type { Json } from "@/lib/audit/canonical-json";
import {
  type AuditChain,
  CHAIN_START,
  type ChainedEvent,
  type EventFilter,
  hashOf,
  type Link,
} from "@/lib/audit/chain";
import type { Database } from "./client";
import type { Prisma, PrismaClient } from "./generated/client";

/** Held by the one instance that chains. */
const CHAIN_LOCK = 7_234_003;

/** How long an instance may stand still in the middle, for example paused, before another one takes over. */
const STANDSTILL_MS = 5_000;

/** Events chained in one transaction: some milliseconds, which everyone waits for on the embedded database. */
const CHAIN_BATCH = 200;

/** Events read at once. */
const READ_BATCH = 2_000;

/** Where no position can be before, nor a forged one. */
const BEFORE_ALL = -(2n ** 63n);

export function createAuditChain(client: PrismaClient, batchSize = CHAIN_BATCH): AuditChain {
  return {
    chainNew: async () => {
      let total = 0;
      let count: number;
      do {
        count = await client.$transaction((tx) => chainBatch(tx, batchSize));
        total += count;
      } while (count === batchSize);
      return total;
    },

    unchained: async () => {
      const where = { position: null };
      const { _count, _min } = await client.auditEvent.aggregate({ where, _count: true, _min: { at: true } });
      return { count: _count, oldestAt: _min.at };
    },

    head: () => findHead(client),
    read: (filter) => readChain(client, filter),
  };
}

/** Returns how many it chained: none while another instance is at it. */
async function chainBatch(tx: Database, batchSize: number): Promise<number> {
  // A statement of its own: what the former holder has chained is seen from the next one on.
  const [lock] = await tx.$queryRaw<[{ isOurs: boolean }]>`
    SELECT pg_try_advisory_xact_lock(${CHAIN_LOCK}) AS "isOurs",
           set_config('idle_in_transaction_session_timeout', ${String(STANDSTILL_MS)}, true)`;
  if (!lock.isOurs) return 0;
  const rows = await tx.auditEvent.findMany({
    where: { position: null },
    orderBy: { id: "asc" },
    take: batchSize,
  });
  if (rows.length > 0) await writeLinks(tx, follow(await findHead(tx), rows));
  return rows.length;
}

async function findHead(db: Database): Promise<Link> {
  const last = await db.auditEvent.findFirst({
    where: { position: { not: null } },
    orderBy: { position: "desc" },
    select: { position: true, hash: true },
  });
  return last === null ? CHAIN_START : { position: Number(last.position), hash: toHex(last.hash) };
}

/** The events as the next ones of the chain that ends with `head`. */
function follow(head: Link, rows: readonly Row[]): ChainedEvent[] {
  let before = head;
  return rows.map((row) => {
    const unhashed = { ...toEvent(row), position: before.position + 1, previousHash: before.hash };
    const event = { ...unhashed, hash: hashOf(unhashed) };
    before = event;
    return event;
  });
}

async function writeLinks(tx: Database, events: readonly ChainedEvent[]): Promise<void> {
  const written = await tx.$executeRaw`
    UPDATE audit_events
    SET position = link.position, previous_hash = decode(link.previous_hash, 'hex'), hash = decode(link.hash, 'hex')
    FROM unnest(${events.map(({ id }) => id)}::bigint[], ${events.map(({ position }) => position)}::bigint[],
                ${events.map(({ previousHash }) => previousHash)}::text[], ${events.map(({ hash }) => hash)}::text[])
      AS link (id, position, previous_hash, hash)
    WHERE audit_events.id = link.id`;
  if (written !== events.length) throw new Error(`${events.length - written} audit events are gone.`);
}

async function* readChain(db: Database, filter: EventFilter): AsyncGenerator<readonly ChainedEvent[]> {
  let after: bigint | null = BEFORE_ALL;
  while (after !== null) {
    // First where the batch ends, so that a filter which few events pass never looks through the whole log at once.
    const end: bigint | null = await findBatchEnd(db, after);
    const position = end === null ? { gt: after } : { gt: after, lte: end };
    const rows = await db.auditEvent.findMany({
      where: { ...conditionsOf(filter), position },
      orderBy: { position: "asc" },
    });
    yield rows.map(toEvent);
    after = end;
  }
}

/** Null where fewer than a batch are left. */
async function findBatchEnd(db: Database, after: bigint): Promise<bigint | null> {
  const last = await db.auditEvent.findFirst({
    where: { position: { gt: after } },
    orderBy: { position: "asc" },
    skip: READ_BATCH - 1,
    select: { position: true },
  });
  return last?.position ?? null;
}

const conditionsOf = ({ from, to, type }: EventFilter): Prisma.AuditEventWhereInput => ({
  ...(type === null ? {} : { type }),
  at: { ...(from === null ? {} : { gte: from }), ...(to === null ? {} : { lt: to }) },
});

type Row = Prisma.AuditEventGetPayload<object>;

/** Whatever was done to the row: what cannot be told as it was does not give its hash. */
function toEvent(row: Row): ChainedEvent {
  return {
    id: Number(row.id),
    position: Number(row.position),
    // Not `toISOString`, which throws where the instant is none, such as "infinity".
    at: row.at.toJSON(),
    type: row.type,
    actorId: row.actorId,
    userId: row.userId,
    sessionId: row.sessionId,
    ip: row.ip,
    userAgent: row.userAgent,
    details: row.details as Json,
    previousHash: toHex(row.previousHash),
    hash: toHex(row.hash),
  };
}

const toHex = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString("hex");
