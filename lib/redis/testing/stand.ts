import { type RedisServer, startRedisServer } from "@/e2e/instances/support/redis-server";
import { startUpstashBridge } from "@/e2e/support/upstash-bridge";
import type { RedisConnection } from "@/lib/config/redis-connection";
import { openRedis, type Redis, type RedisLink, type RedisObserver } from "../redis-link";
import { openWire, type Wire } from "./wire";

export const KINDS = ["tcp", "rest"] as const;
export type Kind = (typeof KINDS)[number];

/** A Redis of the test's own, the wire to it, and links over that wire. */
export interface Stand {
  server: RedisServer;
  wire: Wire;
  connection: RedisConnection;
  /** A new link, closed together with the stand. */
  open(change?: { user?: string; token?: string; observer?: RedisObserver }): RedisLink;
  close(): Promise<void>;
}

export async function startStand(kind: Kind): Promise<Stand> {
  const server = await startRedisServer();
  const bridge = kind === "rest" ? await startUpstashBridge(server.url) : null;
  const wire = await openWire(bridge === null ? server.port : Number(new URL(bridge.url).port));
  const links: RedisLink[] = [];
  const connect = (user = "", token = bridge?.token ?? ""): RedisConnection =>
    kind === "tcp"
      ? { kind, url: `redis://${user}127.0.0.1:${wire.port}` }
      : { kind, url: `http://127.0.0.1:${wire.port}`, token };
  return {
    server,
    wire,
    connection: connect(),
    open: ({ user, token, observer } = {}) => {
      const link = openRedis(connect(user, token), observer);
      links.push(link);
      return link;
    },
    close: async () => {
      await Promise.all(links.map((link) => link.close()));
      await wire.close();
      await bridge?.close();
      await server.remove();
    },
  };
}

/** What a test asks that is not about the deadline: a slow machine has time. */
export const PATIENT_MS = 10_000;

export const ask = <T>(link: RedisLink, work: (redis: Redis) => Promise<T>): Promise<T> =>
  link.call(work, PATIENT_MS);

/** Repeats what fails until it succeeds; resolves with the milliseconds that took. */
export async function untilAnswered(attempt: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  for (;;) {
    try {
      await attempt();
      return performance.now() - start;
    } catch {
      await new Promise(setImmediate);
    }
  }
}

/** Makes calls until the circuit is open. */
export async function untilCircuitOpens(link: RedisLink): Promise<void> {
  while (!link.isCircuitOpen) await link.call((redis) => redis.get("a")).catch(() => {});
}
