import { afterEach, beforeEach, expect, test } from "vitest";
import { emptyDatabase, type TestDatabase } from "../support/fresh-database";
import { freshRedis, type TestRedis } from "../support/fresh-redis";
import { startUpstashBridge } from "../support/upstash-bridge";
import { type Instance, startCluster } from "./support/cluster";
import { type CountedWire, countPostgres, countRedis } from "./support/counted-wire";
import { printFigures } from "./support/figures";
import { openForm, sendForm } from "./support/page-form";
import { signedIn, type Visitor } from "./support/visitor";

/** What `strict` costs: the denylist is asked once a request, however many checks the request makes. */
const REQUESTS = 100;

/** Sends one request, and says whether it was answered as it should be. */
type Ask = () => Promise<boolean>;

interface Kind {
  name: string;
  prepare(visitor: Visitor, at: Instance): Promise<Ask>;
}

const KINDS: readonly Kind[] = [
  { name: "API call", prepare: async (visitor, at) => async () => (await visitor.session(at)) === 200 },
  { name: "page", prepare: async (visitor, at) => shows(visitor, at, "/account") },
  { name: "administrator's page", prepare: async (visitor, at) => shows(visitor, at, "/admin/sessions") },
  {
    name: "server action",
    prepare: async (visitor, at) => {
      const form = await openForm(visitor, at, "/account", "name");
      return async () => {
        const { status, text } = await sendForm(visitor, at, form, { name: "Ada" });
        return status === 200 && text.includes("Your name is saved.");
      };
    },
  },
];

async function shows(visitor: Visitor, at: Instance, path: string): Promise<Ask> {
  return async () => (await visitor.request(at, "GET", path)).status === 200;
}

/** What an instance asks of a store, on the way there. */
type Wire = Pick<CountedWire, "take">;

/** What it asks in so many requests, and meanwhile by itself. */
async function measure(wire: Wire, ask: Ask): Promise<string[]> {
  expect(await ask(), "the first time").toBe(true);
  wire.take();
  for (let index = 0; index < REQUESTS; index += 1) expect(await ask()).toBe(true);
  return wire.take();
}

function tally(asked: string[]): string {
  const counts: Record<string, number> = {};
  for (const what of asked) counts[shorten(what)] = (counts[shorten(what)] ?? 0) + 1;
  return JSON.stringify(counts);
}

/** Of a query, its verb and its first table. */
function shorten(asked: string): string {
  const table = /(?:FROM|INTO|UPDATE) (?:ONLY )?(?:"public"\.)?"?(\w+)/i.exec(asked);
  return table === null ? asked.slice(0, 20) : `${asked.trim().slice(0, 6)} ${table[1]}`;
}

interface Measured {
  name: string;
  env?: Record<string, string>;
  databaseUrl: string;
  wire: Wire;
  /** Whether it is the denylist that is asked, and for a request. */
  isCounted: (asked: string) => boolean;
}

/** Asks one instance for each kind in turn, and expects of each to ask this wire once a request. */
async function expectOnce({ name, env, databaseUrl, wire, isCounted }: Measured): Promise<void> {
  const cluster = await startCluster({ count: 1, databaseUrl, env: { REVOCATION: "strict", ...env } });
  try {
    const at = cluster.instance(0);
    const visitor = await signedIn(at);
    for (const kind of KINDS) {
      const asked = await measure(wire, await kind.prepare(visitor, at));
      const perRequest = asked.filter(isCounted).length / REQUESTS;
      printFigures(`strict, ${name}, ${kind.name}: ${perRequest} a request, in all ${tally(asked)}`);
      expect.soft(perRequest, kind.name).toBe(1);
    }
  } finally {
    await cluster.stop();
  }
}

/** How an instance sees by itself to it that Redis is still the one that was filled, and does not evict. */
const CHECKS = new Set(["get", "info", "config"]);
const isNoCheck = (command: string) => !CHECKS.has(command);

let database: TestDatabase;
let redis: TestRedis;

beforeEach(async () => {
  database = await emptyDatabase();
  redis = await freshRedis();
});

afterEach(async () => {
  await redis.close();
  await database.drop();
});

test("without Redis, a request asks Postgres for the denylist exactly once", async () => {
  const wire = await countPostgres(database.url);
  // Cleaning up deletes some.
  const isCounted = (query: string) => /^\s*SELECT\b.*\bdenials\b/is.test(query);
  await expectOnce({ name: "Postgres alone", databaseUrl: wire.url, wire, isCounted });
  await wire.close();
});

test("with Redis, a request makes exactly one round trip to it", async () => {
  const wire = await countRedis(redis.url);
  const env = { REDIS_URL: wire.url };
  await expectOnce({ name: "Redis", databaseUrl: database.url, env, wire, isCounted: isNoCheck });
  await wire.close();
});

test("with Redis over REST, a request makes exactly one round trip to it", async () => {
  const bridge = await startUpstashBridge(redis.url);
  const env = { UPSTASH_REDIS_REST_URL: bridge.url, UPSTASH_REDIS_REST_TOKEN: bridge.token };
  const name = "Redis over REST";
  await expectOnce({ name, databaseUrl: database.url, env, wire: bridge, isCounted: isNoCheck });
  await bridge.close();
});
