import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { DRAIN_MS } from "../lib/config/durations";
import type { Settings } from "../lib/config/settings";

/** On top of the time the server takes to drain by itself. */
const GRACE_MS = 5_000;

export interface ServerProcess {
  /** Resolves with the exit code when the server has ended, whoever ended it; a signal counts as 128 + its number. */
  ended: Promise<number>;
  /** Asks the server to finish the requests in flight and end. Asking again changes nothing. */
  stop(): void;
}

/**
 * Runs a server script as a child that ends with this process: it sees its IPC channel disconnect even when this
 * process is killed outright. It is in a session of its own, so that Ctrl-C in a terminal reaches it once, through
 * `stop`, and not a second time from the terminal.
 */
export function startServer(
  script: string,
  cwd: string,
  env: NodeJS.ProcessEnv,
  { shutdownDelaySeconds }: Pick<Settings, "shutdownDelaySeconds">,
): ServerProcess {
  const child = spawn(process.execPath, ["--import", "tsx", script], {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  return {
    ended: untilEnd(child),
    stop: stopOnce(child, shutdownDelaySeconds * 1_000 + DRAIN_MS + GRACE_MS),
  };
}

function untilEnd(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

function stopOnce(child: ChildProcess, patienceMs: number): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), patienceMs).unref();
  };
}
