import { join } from "node:path";
import { readSettings, type Settings } from "../lib/config/settings";
import { deriveKey } from "../lib/crypto/derive-key";
import { ensureAppSecret } from "./app-secret";
import { applyMigrations } from "./apply-migrations";
import { startEmbeddedDatabase } from "./embedded-database";
import { textFor } from "./plain-error";
import { startServer } from "./server-process";
import { endWhenStalled } from "./stall-watch.mjs";

const PROJECT = join(import.meta.dirname, "..");
const STOP_SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
const NPM_SCRIPTS = new Set(["start", "dev"]);
const PARENT_CHECK_MS = 250;
/** The engine does its work in this thread; no statement of ours takes a fraction of this. */
const STALL_MS = 300_000;

export interface LaunchOptions {
  development: boolean;
  /** The server's script, from the project's root. */
  server: string;
}

/**
 * Brings up the database and the server and stays until the server ends. Returns the exit code.
 * Anything an operator can put right is said in one line on stderr, and the code is 1.
 */
export async function launch(variables: NodeJS.ProcessEnv, options: LaunchOptions): Promise<number> {
  const given: NodeJS.ProcessEnv = {
    ...variables,
    NODE_ENV: options.development ? "development" : "production",
  };
  try {
    const settings = readSettings(given);
    return settings.databaseUrl === null
      ? await runEmbedded(settings, given, options.server)
      : await runServer(settings.databaseUrl, settings, given, options.server, holdSignals(given));
  } catch (error) {
    process.stderr.write(textFor(error));
    return 1;
  }
}

async function runEmbedded(settings: Settings, given: NodeJS.ProcessEnv, script: string): Promise<number> {
  // Until the server takes them over, signals wait: a database is never left half started.
  const signals = holdSignals(given);
  const embedded = await startEmbeddedDatabase(settings.dataDir);
  const stopWatching = endWhenStalled(STALL_MS);
  try {
    const secret =
      settings.secrets.length === 0 ? { APP_SECRET_FILE: ensureAppSecret(settings.dataDir) } : {};
    const serve = runServer(embedded.databaseUrl, settings, { ...given, ...secret }, script, signals);
    return await Promise.race([serve, embedded.failed]);
  } finally {
    await embedded.close();
    stopWatching();
  }
}

/** Migrates, then runs the server, which finds in its environment what the launcher has decided. */
async function runServer(
  databaseUrl: string,
  settings: Settings,
  given: NodeJS.ProcessEnv,
  script: string,
  signals: HeldSignals,
): Promise<number> {
  await applyMigrations(databaseUrl);
  const environment = {
    ...given,
    DATABASE_URL: databaseUrl,
    REVOCATION: settings.revocation,
    SHUTDOWN_DELAY_SECONDS: String(settings.shutdownDelaySeconds),
    NEXT_TELEMETRY_DISABLED: "1",
  };
  const server = startServer(script, PROJECT, { ...environment, ...actionKey(environment) }, settings);
  signals.releaseTo(server.stop);
  return server.ended;
}

/**
 * With what Next seals the variables that a server action takes along through a page: the same on every instance, and
 * known to nobody else (docs/decisions/011).
 */
function actionKey(environment: NodeJS.ProcessEnv): Record<string, string> {
  const [secret = ""] = readSettings(environment).secrets;
  return { NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: deriveKey(secret, "server-actions").toString("base64") };
}

interface HeldSignals {
  /** From now on a signal calls `stop`; at once when one has already come. */
  releaseTo(stop: () => void): void;
}

function holdSignals(variables: NodeJS.ProcessEnv): HeldSignals {
  let came = false;
  let act = () => {};
  const stopNow = () => {
    came = true;
    act();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, stopNow);
  if (NPM_SCRIPTS.has(variables.npm_lifecycle_event ?? "")) onParentDeath(stopNow);
  return {
    releaseTo(stop) {
      act = stop;
      if (came) stop();
    },
  };
}

/** npm that is told to end ends with its shell and leaves the script running: under npm, that is the signal. */
function onParentDeath(stop: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, PARENT_CHECK_MS);
  timer.unref();
}
