import { createHash, randomBytes } from "node:crypto";
import { vi } from "vitest";
import type { Instance } from "./cluster";

type Sql = <Row extends object>(text: string, values?: unknown[]) => Promise<Row[]>;

/** Longer than any pause between two looks for those that wait for news. */
const SILENCE_SECONDS = 2;
const PATIENCE = { timeout: 20_000, interval: 20 };

/** A service that may read the revocation feed: its token. */
export async function addFeedReader(sql: Sql): Promise<string> {
  const token = `latchkey_feed_${randomBytes(32).toString("base64url")}`;
  await sql(
    `INSERT INTO audiences (identifier, profile, algorithm, lifetime_seconds, feed_token_hash, created_at, updated_at)
     VALUES ($1, 'mesh', 'ES256', 300, $2, now(), now())`,
    [`reader-${randomBytes(6).toString("hex")}`, createHash("sha256").update(token).digest()],
  );
  return token;
}

/** For a client that asks this instance, whatever name the cluster goes by. */
export function fetchFrom(instance: Instance): typeof fetch {
  return async (url, { headers } = {}) => {
    const { pathname, search } = new URL(String(url));
    const sent = Object.fromEntries(new Headers(headers));
    const {
      status,
      body,
      headers: got,
    } = await instance.request("GET", `${pathname}${search}`, { headers: sent });
    return new Response(body, { status, headers: { "Content-Type": got["content-type"] ?? "" } });
  };
}

/** Resolves when an instance looks for news again and again, as it does while somebody waits. */
export async function untilSomebodyWaits(sql: Sql): Promise<void> {
  const looks = new Set<number>();
  await vi.waitFor(async () => {
    looks.add(await secondsSinceLook(sql, "epoch"));
    if (looks.size < 3) throw new Error("Nobody waits.");
  }, PATIENCE);
}

/** Resolves when no instance looks for news any more. */
export async function untilNobodyWaits(sql: Sql): Promise<void> {
  await vi.waitFor(async () => {
    if ((await secondsSinceLook(sql, "now")) < SILENCE_SECONDS) throw new Error("Somebody waits.");
  }, PATIENCE);
}

/** Of the latest look: by now, or its instant. */
async function secondsSinceLook(sql: Sql, by: "now" | "epoch"): Promise<number> {
  const since = by === "now" ? "clock_timestamp() - max(query_start)" : "max(query_start)";
  const [row] = await sql<{ seconds: number | null }>(
    `SELECT EXTRACT(EPOCH FROM ${since})::float8 AS seconds FROM pg_stat_activity
     WHERE datname = current_database() AND query LIKE '%pg_relation_filenode%' AND pid <> pg_backend_pid()`,
  );
  return row?.seconds ?? Number.POSITIVE_INFINITY;
}
