import { execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { findProgram } from "../../scripts/testing/programs.mjs";

/** Where Debian keeps what it does not put on the PATH. */
const FOLDERS = [17, 16, 15, 14].map((version) => `/usr/lib/postgresql/${version}/bin`);

/** As a server with some memory is set up. Durability is what it is by default: every commit waits for the disk. */
const SETTINGS = {
  listen_addresses: "",
  shared_buffers: "1GB",
  maintenance_work_mem: "512MB",
  max_wal_size: "4GB",
  max_connections: "100",
  shared_preload_libraries: "auto_explain,pg_stat_statements",
  "auto_explain.log_format": "json",
  "auto_explain.log_analyze": "on",
  "auto_explain.log_min_duration": "-1",
};

export interface BenchPostgres {
  url: string;
  /** Runs pgbench with these arguments and returns its transactions a second. */
  pgbench(arguments_: string[]): number;
  /** What the server has written to its log so far. */
  log(): string;
  stop(): Promise<void>;
}

/** A Postgres of its own in a temporary folder, with default durability. */
export async function startPostgres(): Promise<BenchPostgres> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
  const user = process.getuid?.() === 0 ? unprivilegedUser() : null;
  if (user !== null) chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o700);
  const data = join(folder, "data");
  const options = { ...user, cwd: folder };
  execFileSync(program("initdb"), ["-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8"], {
    ...options,
    stdio: "ignore",
  });
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const server = spawn(program("postgres"), ["-D", data, "-k", folder, ...settings], {
    ...options,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  server.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const url = `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`;
  await untilAnswers(url);
  return {
    url,
    pgbench: (arguments_) => {
      const text = execFileSync(
        program("pgbench"),
        ["-h", folder, "-U", "postgres", ...arguments_, "postgres"],
        {
          ...options,
          encoding: "utf8",
          stdio: ["ignore", "pipe", "ignore"],
        },
      );
      return Number(/tps = ([\d.]+)/.exec(text)?.[1]);
    },
    log: () => log,
    stop: async () => {
      server.kill("SIGQUIT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function program(name: string): string {
  const path = findProgram(name, FOLDERS);
  if (path === null) throw new Error(`The benchmark needs PostgreSQL's ${name}.`);
  return path;
}

function unprivilegedUser(): { uid: number; gid: number } {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith("postgres:"));
  const [, , uid, gid] = (line ?? "").split(":");
  if (uid === undefined) throw new Error("Postgres does not run as root; there is no user postgres.");
  return { uid: Number(uid), gid: Number(gid) };
}

async function untilAnswers(url: string): Promise<void> {
  for (;;) {
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      return await client.end();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
