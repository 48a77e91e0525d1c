import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { freePort } from "../../support/free-port";
import { type Cluster, startCluster } from "../support/cluster";
import { startRedisServer } from "../support/redis-server";
import { joined } from "../support/visitor";
import { DEGRADED, untilReadyz } from "./support/health";

/** What a test has started, ended last to first. */
const started: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of started.splice(0).reverse()) await stop();
});

async function start(options: Parameters<typeof startCluster>[0]): Promise<Cluster> {
  const cluster = await startCluster(options);
  started.push(cluster.stop);
  return cluster;
}

/** The text of the failure of a start that must fail. */
async function refusedStart(starting: Promise<unknown>): Promise<string> {
  const error = await starting.then(
    () => new Error("It has started."),
    (reason: Error) => reason,
  );
  return error.message;
}

const freshSecret = (): string => randomBytes(32).toString("base64url");

describe("When things fail at the start", () => {
  test("Redis evicting: refused at start", async () => {
    const redis = await startRedisServer({ args: ["--maxmemory-policy", "allkeys-lru"] });
    started.push(redis.remove);
    const said = await refusedStart(start({ count: 1, redisUrl: redis.url }));
    const lines = said.split("\n").filter((line) => /REDIS_URL|noeviction|allkeys-lru/.test(line));
    expect(lines, said).toHaveLength(1);
    expect(lines[0]).toMatch(/REDIS_URL.*noeviction/);
    expect(said).not.toMatch(/^\s+at /m);
  });

  test("Redis down at start", async () => {
    const { instances } = await start({ count: 2, redisUrl: `redis://127.0.0.1:${await freePort()}` });
    await untilReadyz(instances, DEGRADED);
    const [first, second] = instances;
    if (first === undefined || second === undefined) throw new Error("Two were started.");
    const visitor = await joined(first);
    expect(await visitor.session(second)).toBe(200);
    const held = visitor.cookieHeader;
    await visitor.logOut(second);
    expect((await first.request("GET", "/api/auth/session", { cookie: held })).status).toBe(401);
  });

  test("N instances start at once on an empty database: one key that signs, and one staged", async () => {
    const cluster = await start({ count: 4 });
    const sets = await Promise.all(
      cluster.instances.map(
        async (instance) => (await instance.request("GET", "/.well-known/jwks.json")).body,
      ),
    );
    expect(new Set(sets).size).toBe(1);
    expect(JSON.parse(sets[0] ?? "").keys).toHaveLength(2);
    const states = await cluster.sql("SELECT state FROM signing_keys ORDER BY state::text");
    expect(states).toEqual([{ state: "active" }, { state: "staged" }]);
    expect(await cluster.sql("SELECT id FROM users")).toHaveLength(1);
  });

  test("application secret changed: boot says which keys cannot be opened", async () => {
    const [earlier, later] = [freshSecret(), freshSecret()];
    const folder = await mkdtemp(join(tmpdir(), "latchkey-secret-"));
    started.push(() => rm(folder, { recursive: true }));
    const file = join(folder, "secret");
    await writeFile(file, earlier);
    const cluster = await start({ count: 1, env: { APP_SECRET: "", APP_SECRET_FILE: file } });
    const instance = cluster.instance(0);
    const visitor = await joined(instance);
    const keys = await cluster.sql<{ kid: string }>("SELECT kid FROM signing_keys");

    await instance.terminate();
    await writeFile(file, later);
    await instance.start();
    const said = instance.output();
    for (const { kid } of keys) {
      const lines = said.split("\n").filter((line) => line.includes(kid));
      expect(lines, said).toHaveLength(1);
      expect(lines[0]).toContain("APP_SECRET=new,earlier");
    }
    expect(said).not.toContain(earlier);
    expect(said).not.toContain(later);

    await instance.terminate();
    await writeFile(file, `${later},${earlier}`);
    await instance.start();
    expect(await visitor.session(instance)).toBe(200);
    expect((await visitor.refresh(instance)).status).toBe(200);
    expect(await visitor.session(instance)).toBe(200);
  });
});
