import { expect, test } from "vitest";
import { freshRedis } from "../support/fresh-redis";
import { startUpstashBridge } from "../support/upstash-bridge";
import { type Cluster, type Instance, startCluster } from "./support/cluster";
import { printFigures, spread } from "./support/figures";
import { assemble, type Cast, type Revocation, WAYS_TO_REVOKE } from "./support/ways-to-revoke";

/** What one instance revokes, the others refuse: `strict` at the next request, `replica` within a second. */
const AT_A_TIME = 6;
const LONG = { timeout: 300_000 };
const BOUND_MS = 1_000;

/** Where the instances share what is revoked. */
interface Store {
  /** The settings that name it. */
  env: Record<string, string>;
  close(): Promise<void>;
}

const openPostgresAlone = async (): Promise<Store> => ({ env: {}, close: async () => {} });

async function openRedis(): Promise<Store> {
  const redis = await freshRedis();
  return { env: { REDIS_URL: redis.url }, close: redis.close };
}

async function openRedisOverRest(): Promise<Store> {
  const redis = await freshRedis();
  const bridge = await startUpstashBridge(redis.url);
  return {
    env: { UPSTASH_REDIS_REST_URL: bridge.url, UPSTASH_REDIS_REST_TOKEN: bridge.token },
    close: async () => {
      await bridge.close();
      await redis.close();
    },
  };
}

interface Setup {
  store: string;
  open(): Promise<Store>;
  instances: number;
  rounds: number;
}

const STRICT: Setup[] = [
  { store: "Postgres alone", open: openPostgresAlone, instances: 3, rounds: 120 },
  { store: "Redis", open: openRedis, instances: 3, rounds: 120 },
  { store: "Redis over REST", open: openRedisOverRest, instances: 2, rounds: 96 },
];

const REPLICA: Setup[] = [
  { store: "Postgres alone", open: openPostgresAlone, instances: 3, rounds: 72 },
  { store: "Redis", open: openRedis, instances: 2, rounds: 96 },
  { store: "Redis over REST", open: openRedisOverRest, instances: 2, rounds: 48 },
];

for (const setup of STRICT) {
  test(
    `strict with ${setup.store}: what one instance revokes, every other refuses at the very next request`,
    LONG,
    async () => {
      const began = performance.now();
      await eachRound("strict", setup, expectRefusedNext);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      printFigures(
        `strict with ${setup.store}: ${setup.rounds} revocations, each refused next (${seconds} s)`,
      );
    },
  );
}

for (const setup of REPLICA) {
  test(
    `replica with ${setup.store}: what one instance revokes it refuses at once, and every other within a second`,
    LONG,
    async () => {
      const lagsMs: number[] = [];
      await eachRound("replica", setup, async (...round) => {
        lagsMs.push(...(await measureLags(...round)));
      });
      printFigures(`replica with ${setup.store}: ${lagsMs.length} lags, ${spread(lagsMs)}`);
      expect(Math.max(...lagsMs)).toBeLessThanOrEqual(BOUND_MS);
    },
  );
}

type Round = (revocation: Revocation, at: Instance, elsewhere: Instance[]) => Promise<void>;

/** Each way in turn, each instance in turn as the one that revokes, a few rounds at a time. */
async function eachRound(mode: "strict" | "replica", setup: Setup, round: Round): Promise<void> {
  const store = await setup.open();
  const env = { ...store.env, REVOCATION: mode };
  const cluster = await startCluster({ count: setup.instances, env });
  try {
    const cast = await assemble(cluster);
    for (let first = 0; first < setup.rounds; first += AT_A_TIME) {
      const indexes = Array.from(
        { length: Math.min(AT_A_TIME, setup.rounds - first) },
        (_, at) => first + at,
      );
      await Promise.all(indexes.map((index) => runRound(cluster, cast, index, round)));
    }
  } finally {
    await cluster.stop();
    await store.close();
  }
}

async function runRound(cluster: Cluster, cast: Cast, index: number, round: Round): Promise<void> {
  const [name, prepare] = WAYS_TO_REVOKE[index % WAYS_TO_REVOKE.length] ?? never();
  const at = cluster.instance(index + Math.floor(index / WAYS_TO_REVOKE.length));
  const elsewhere = cluster.instances.filter((instance) => instance !== at);
  try {
    await round(await prepare(cast, at), at, elsewhere);
  } catch (error) {
    throw new Error(`Round ${index}, ${name}`, { cause: error });
  }
}

async function expectRefusedNext(revocation: Revocation, at: Instance, elsewhere: Instance[]): Promise<void> {
  const { victim, isTokenAlone } = revocation;
  const held = { access: victim.access ?? "", cookie: victim.cookieHeader };
  for (const instance of [at, ...elsewhere]) expect(await statusOf(instance, held.access)).toBe(200);
  await revocation.revokeAt(at);
  const statuses = await Promise.all(elsewhere.map((instance) => statusOf(instance, held.access)));
  expect(new Set(statuses), "elsewhere").toEqual(new Set([401]));
  expect(await statusOf(at, held.access), "there").toBe(401);
  const [next = at] = elsewhere;
  const refreshed = await next.request("POST", "/api/auth/refresh", victim.options(next, held));
  expect(refreshed.status, "its refresh token").toBe(isTokenAlone ? 200 : 401);
}

/** How long after the revocation was answered each other instance still accepted a request. */
async function measureLags(revocation: Revocation, at: Instance, elsewhere: Instance[]): Promise<number[]> {
  const access = revocation.victim.access ?? "";
  for (const instance of [at, ...elsewhere]) expect(await statusOf(instance, access)).toBe(200);
  await revocation.revokeAt(at);
  const revokedAt = performance.now();
  const there = statusOf(at, access);
  const lags = await Promise.all(elsewhere.map((instance) => measureLag(instance, access, revokedAt)));
  expect(await there, "there").toBe(401);
  return lags;
}

/** Until it is refused; a request counts from when it was sent. */
async function measureLag(instance: Instance, access: string, revokedAt: number): Promise<number> {
  let lagMs = 0;
  for (;;) {
    const sentAt = performance.now();
    const status = await statusOf(instance, access);
    if (status === 401) return lagMs;
    expect(status).toBe(200);
    lagMs = sentAt - revokedAt;
  }
}

/** By a route that does not look at the token's own session in the database: only the denylist can refuse it. */
const statusOf = async (instance: Instance, bearer: string): Promise<number> =>
  (await instance.request("GET", "/api/sessions?limit=1", { bearer })).status;

function never(): never {
  throw new Error("There are ways to revoke.");
}
