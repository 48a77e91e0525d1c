import { afterAll, beforeAll, expect, test } from "vitest";
import { KEYRING_COOLDOWN_MS, KEYRING_POLL_MS } from "@/lib/config/durations";
import { emptyDatabase, type TestDatabase } from "../support/fresh-database";
import { type Cluster, startCluster } from "./support/cluster";
import { type CountedWire, countPostgres } from "./support/counted-wire";
import { printFigures } from "./support/figures";
import { floodOf } from "./support/unknown-kids";
import { joined } from "./support/visitor";

const FLOOD = 2_000;
const AT_ONCE = 20;

let database: TestDatabase;
let wire: CountedWire;
let cluster: Cluster;

beforeAll(async () => {
  database = await emptyDatabase();
  wire = await countPostgres(database.url);
  cluster = await startCluster({ count: 1, databaseUrl: wire.url });
});

afterAll(async () => {
  await cluster.stop();
  await wire.close();
  await database.drop();
});

test("tokens with random kids, thousands of them, have the keys read once a cool-down", async () => {
  const instance = cluster.instance(0);
  const good = await joined(instance);
  const forged = floodOf(good.access ?? "", FLOOD);
  const statuses = new Map<number, number>();
  const send = async () => {
    for (let bearer = forged.pop(); bearer !== undefined; bearer = forged.pop()) {
      const { status } = await instance.request("GET", "/api/auth/session", { bearer });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  wire.take();
  const began = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, send));
  const ms = performance.now() - began;
  const reads = wire.take().filter((query) => /FROM \S*"?signing_keys/i.test(query)).length;

  expect([...statuses]).toEqual([[401, FLOOD]]);
  expect(await good.session(instance)).toBe(200);
  // What it reads by itself, what strangers cause, and what was on its way as the counting began.
  const most = Math.floor(ms / KEYRING_POLL_MS) + Math.floor(ms / KEYRING_COOLDOWN_MS) + 3;
  printFigures(
    `${FLOOD} tokens with random kids in ${(ms / 1_000).toFixed(1)} s: ${reads} reads of the keys, at most ${most}`,
  );
  expect(reads).toBeGreaterThan(0);
  expect(reads).toBeLessThanOrEqual(most);
});
