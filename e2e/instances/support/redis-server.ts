import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { aptInstall, findProgram } from "../../../scripts/testing/programs.mjs";
import { freePort } from "../../support/free-port";
import { ServerProcess } from "./server-process";

/** A redis-server of the test's own, which it may stop, pause and empty. */
export interface RedisServer {
  url: string;
  port: number;
  /**
   * Whatever was done to it: resolves when it runs and answers. After a `kill` it holds what the last `SAVE` kept, and
   * nothing without one.
   */
  start(): Promise<void>;
  /** Ends it without warning. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open, and nothing is answered. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  flush(): Promise<void>;
  /** Removes what a `SAVE` has kept. */
  forget(): Promise<void>;
  /** Asks it directly. */
  command(name: string, ...words: string[]): Promise<unknown>;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

/** `args` go to redis-server. Without any it writes nothing to disk by itself and evicts nothing. */
export async function startRedisServer({ args = [] }: { args?: string[] } = {}): Promise<RedisServer> {
  const program = findOrInstallRedis();
  const folder = await mkdtemp(join(tmpdir(), "latchkey-redis-"));
  const port = await freePort();
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", ...args];
  const server = new ServerProcess(program, settings);
  const command = (name: string, ...words: string[]) => ask(port, name, words);
  const start = async () => {
    await server.run();
    await command("PING");
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    start,
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    flush: async () => {
      await command("FLUSHALL");
    },
    forget: () => rm(join(folder, "dump.rdb"), { force: true }),
    command,
    remove: async () => {
      await server.kill();
      await rm(folder, { recursive: true });
    },
  };
}

function findOrInstallRedis(): string {
  const find = () => findProgram("redis-server");
  const program = find() ?? (aptInstall("redis-server") ? find() : null);
  if (program === null)
    throw new Error("These tests stop and pause a Redis of their own: install redis-server.");
  return program;
}

/** Waits for a server that is only starting. */
async function ask(port: number, name: string, words: string[]): Promise<unknown> {
  const client = new Redis({ port, retryStrategy: () => 10, maxRetriesPerRequest: null });
  client.on("error", () => {});
  try {
    return await client.call(name, ...words);
  } finally {
    client.disconnect();
  }
}
