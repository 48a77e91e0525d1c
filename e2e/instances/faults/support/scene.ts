import { afterAll, afterEach, beforeAll } from "vitest";
import { type Cluster, startCluster } from "../../support/cluster";
import { type PostgresServer, startPostgresServer } from "../../support/postgres-server";
import { type RedisServer, startRedisServer } from "../../support/redis-server";
import { openTcpLink, type TcpLink } from "../../support/tcp-link";

/** A real server, and each instance's own wire to it. */
export interface Part<Server> {
  server: Server;
  /** In the order of the instances. */
  links: TcpLink[];
}

/** A cluster whose servers are this test's own, so that it may do anything to them. */
export interface Scene {
  cluster: Cluster;
  postgres: Part<PostgresServer>;
  /** Throws where there is none. */
  redis: Part<RedisServer>;
  hasRedis: boolean;
  /** How long after a revocation's answer another instance may still accept what it took back. */
  boundMs: number;
  /** Every server runs and answers, every wire passes. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

export interface SceneOptions {
  revocation?: "strict" | "replica";
  redis?: boolean;
  instances?: number;
  /** What one instance alone has. */
  envOf?: (index: number) => Record<string, string>;
}

const REPLICA_BOUND_MS = 1_000;

/** One scene for all tests of a file, healed after each. What it returns gives it once the tests run. */
export function sceneOfFile(options: SceneOptions = {}): () => Scene {
  let scene: Scene | null = null;
  beforeAll(async () => {
    scene = await startScene(options);
  });
  afterEach(() => scene?.heal());
  afterAll(() => scene?.stop());
  return () => {
    if (scene === null) throw new Error("The scene is there only while a test runs.");
    return scene;
  };
}

async function startScene(options: SceneOptions): Promise<Scene> {
  const { revocation = "strict", instances = 2 } = options;
  const postgres = await wired(await startPostgresServer(), instances);
  const redis = options.redis === false ? null : await wired(await startRedisServer(), instances);
  const cluster = await startCluster({
    count: instances,
    databaseUrl: postgres.server.url,
    env: { REVOCATION: revocation },
    envOf: (index) => ({
      DATABASE_URL: throughLink(postgres, index),
      REDIS_URL: redis === null ? "" : throughLink(redis, index),
      ...options.envOf?.(index),
    }),
  });
  const parts = [postgres, ...(redis === null ? [] : [redis])];
  const heal = async () => {
    for (const part of parts) await bringUp(part);
  };
  return {
    cluster,
    postgres,
    get redis() {
      if (redis === null) throw new Error("This scene has no Redis.");
      return redis;
    },
    hasRedis: redis !== null,
    boundMs: revocation === "replica" ? REPLICA_BOUND_MS : 0,
    heal,
    stop: async () => {
      await heal();
      await cluster.stop();
      for (const { server, links } of parts) {
        await Promise.all(links.map((link) => link.close()));
        await server.remove();
      }
    },
  };
}

/** The server's process is killed, and its port refuses. */
export async function takeDown({ server, links }: Part<PostgresServer | RedisServer>): Promise<void> {
  await server.kill();
  await Promise.all(links.map((link) => link.refuse()));
}

export async function bringUp({ server, links }: Part<PostgresServer | RedisServer>): Promise<void> {
  await server.start();
  await Promise.all(links.map((link) => link.pass()));
}

async function wired<Server extends { port: number }>(server: Server, count: number): Promise<Part<Server>> {
  const links: TcpLink[] = [];
  while (links.length < count) links.push(await openTcpLink(server.port));
  return { server, links };
}

function throughLink({ server, links }: Part<PostgresServer | RedisServer>, index: number): string {
  const url = new URL(server.url);
  url.port = String(links[index]?.port);
  return url.href;
}
