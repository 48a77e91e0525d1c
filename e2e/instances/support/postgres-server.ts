import { execFileSync } from "node:child_process";
import { chownSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { findOrInstallPostgres, unprivilegedUser } from "../../../scripts/testing/postgres.mjs";
import { freePort } from "../../support/free-port";
import { ServerProcess } from "./server-process";

/** A Postgres of the test's own, which it may stop and pause. */
export interface PostgresServer {
  /** Of a database that is empty at first. */
  url: string;
  port: number;
  /** Whatever was done to it: resolves when it runs, with all that was committed, and answers. */
  start(): Promise<void>;
  /** As an operator stops it: connections are told, and closed. */
  stop(): Promise<void>;
  /** Ends it without warning. */
  kill(): Promise<void>;
  /** SIGSTOP to each of its processes: connections stay open, and nothing is answered. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

/** What a killed process has written is in the kernel's hands: no fsync is needed to lose nothing here. */
const SETTINGS = [
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
  "fsync=off",
  "full_page_writes=off",
];

export async function startPostgresServer(): Promise<PostgresServer> {
  const programs = findOrInstallPostgres();
  if (programs === null)
    throw new Error("These tests stop and pause a Postgres of their own: install PostgreSQL's server.");
  const folder = await mkdtemp(join(tmpdir(), "latchkey-postgres-"));
  const owner = unprivilegedUser();
  if (owner !== null) chownSync(folder, owner.uid, owner.gid);
  const identity = { ...owner, cwd: folder };
  const data = join(folder, "data");
  execFileSync(programs.initdb, ["-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"], {
    ...identity,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const port = await freePort();
  const settings = [`port=${port}`, ...SETTINGS].flatMap((setting) => ["-c", setting]);
  const server = new ServerProcess(programs.postgres, ["-D", data, ...settings], identity);
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  const start = async () => {
    await server.run();
    await untilAnswers(url, server);
  };
  await start();
  return {
    url,
    port,
    start,
    stop: () => server.end("SIGINT"),
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    remove: async () => {
      await server.kill();
      await rm(folder, { recursive: true });
    },
  };
}

async function untilAnswers(url: string, server: ServerProcess): Promise<void> {
  for (;;) {
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      if (server.hasEnded) throw error;
      await new Promise(setImmediate);
    }
  }
}
