import { randomBytes } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRunningDatabase } from "../../scripts/embedded-database";
import { freePort } from "./free-port";
import { emptyDatabase, type TestDatabase } from "./fresh-database";
import { type RunningProcess, startNode } from "./running-process";

/** A running Latchkey with an empty database of its own: the production build, started as an operator starts it. */
export interface RunningLatchkey {
  origin: string;
  port: number;
  dataDir: string;
  databaseUrl: string;
  /** The one-time link that creates the first administrator. */
  setupLink: string;
  /** The launcher's process id. */
  pid: number;
  /** Everything launcher and server have written so far. */
  output(): string;
  /** Resolves with the first match in the output; rejects when the process ends without one. */
  untilOutput(pattern: RegExp): Promise<RegExpExecArray>;
  /** Asks it to end, waits, and removes its database and data folder. Returns the exit code. */
  stop(): Promise<number | NodeJS.Signals>;
  /** Ends it without warning; database and data folder stay, for another to be started on them. */
  kill(): Promise<void>;
}

export interface LatchkeyOptions {
  env?: Record<string, string>;
  /** False: on a new database of the Postgres at TEST_DATABASE_URL. */
  embedded?: boolean;
  /** A data folder to go on with; it is then the caller's to remove. */
  dataDir?: string;
  /** What has to be in the output before it counts as started. */
  ready?: RegExp;
}

const SETUP_LINK = /https?:\/\/\S+\/setup\?token=[\w.-]+/;

/** Resolves when the setup link is printed. Rejects with the output when it ends before. */
export async function startLatchkey(options: LatchkeyOptions = {}): Promise<RunningLatchkey> {
  const named = options.env?.PORT;
  const port = named === undefined ? await freePort() : Number(named);
  const external = options.embedded === false ? await emptyDatabase() : null;
  const dataDir = options.dataDir ?? (await newDataFolder(external === null));
  const launcher = startNode(["scripts/start.mjs", "--built"], {
    ...cleanSettings(port, dataDir, external),
    ...options.env,
  });
  const remove = async () => {
    await external?.drop();
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true });
  };
  const started = await launcher.untilOutput(options.ready ?? SETUP_LINK).catch((error: Error) => {
    if (named === undefined && launcher.output().includes(`PORT ${port} is in use`)) return null;
    throw error;
  });
  if (started === null) {
    // Somebody has taken the port since it was found free.
    await remove();
    return startLatchkey(options);
  }
  const [link] = started;
  return {
    origin: options.env?.APP_ORIGIN ?? `http://localhost:${port}`,
    port,
    dataDir,
    databaseUrl: external?.url ?? (await findRunningDatabase(dataDir)) ?? "",
    setupLink: SETUP_LINK.test(link) ? link : "",
    ...controls(launcher),
    stop: async () => {
      launcher.signal("SIGTERM");
      const code = await launcher.ended;
      await remove();
      return code;
    },
  };
}

/** With a copy of the database that `npm test` has made; without that one a start makes the same. */
async function newDataFolder(isWithDatabase: boolean): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-e2e-"));
  const { TEST_DATA_FOLDER: made } = process.env;
  if (made && isWithDatabase) await cp(made, folder, { recursive: true });
  return folder;
}

function controls(launcher: RunningProcess) {
  return {
    pid: launcher.pid,
    output: launcher.output,
    untilOutput: launcher.untilOutput,
    kill: async () => {
      launcher.signal("SIGKILL");
      await launcher.ended;
    },
  };
}

/** Every setting a developer's shell could have set is unset, so that a test sees Latchkey's defaults. */
function cleanSettings(port: number, dataDir: string, external: TestDatabase | null): Record<string, string> {
  return {
    PORT: String(port),
    DATA_DIR: dataDir,
    APP_ORIGIN: "",
    DATABASE_URL: external?.url ?? "",
    REDIS_URL: "",
    UPSTASH_REDIS_REST_URL: "",
    UPSTASH_REDIS_REST_TOKEN: "",
    METRICS_TOKEN: "",
    APP_SECRET: external === null ? "" : randomBytes(32).toString("base64url"),
    APP_SECRET_FILE: "",
    REVOCATION: "",
    SIGNER_SOCKET: "",
    SIGNER_NEW_KEYS: "",
    SHUTDOWN_DELAY_SECONDS: "0",
    SIGNUP: "",
    BOOTSTRAP_ADMIN_EMAIL: "",
    BOOTSTRAP_ADMIN_PASSWORD: "",
    TRUSTED_PROXIES: "",
    INSECURE_COOKIES: "",
  };
}
