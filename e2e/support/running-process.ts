import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

const PROJECT = join(import.meta.dirname, "../..");

/** A child process whose output can be waited for. */
export interface RunningProcess {
  pid: number;
  /** Everything it has written so far, both streams. */
  output(): string;
  /** Resolves with the first match in its output; rejects when the process ends without one. */
  untilOutput(pattern: RegExp): Promise<RegExpExecArray>;
  /** The exit code, or the signal's name, once it has ended and its output is complete. */
  ended: Promise<number | NodeJS.Signals>;
  signal(name: NodeJS.Signals): void;
}

/** Starts Node with `parameters` in the project's root. The environment is this process's own with `environment` on top. */
export function startNode(parameters: string[], environment: Record<string, string> = {}): RunningProcess {
  const child = spawn(process.execPath, parameters, {
    cwd: PROJECT,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const killWithUs = () => child.kill("SIGKILL");
  process.once("exit", killWithUs);
  child.once("close", () => process.off("exit", killWithUs));
  const written = collect(child);
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? 1));
  });
  return {
    pid: child.pid ?? 0,
    output: written.text,
    untilOutput: (pattern) => Promise.race([written.until(pattern), failAt(ended, pattern, written.text)]),
    ended,
    signal: (name) => child.kill(name),
  };
}

/** Resolves when no process has this id any more. */
export async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise(setImmediate);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function failAt(ended: Promise<unknown>, pattern: RegExp, text: () => string): Promise<never> {
  const how = await ended;
  throw new Error(`Ended (${how}) before ${pattern} appeared:\n${text()}`);
}

interface Collected {
  text(): string;
  until(pattern: RegExp): Promise<RegExpExecArray>;
}

function collect(child: ChildProcess): Collected {
  let text = "";
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      for (const watcher of watchers) watcher();
    });
  }
  const until = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve) => {
      const look = () => {
        const match = pattern.exec(text);
        if (match === null) return;
        watchers.delete(look);
        resolve(match);
      };
      watchers.add(look);
      look();
    });
  return { text: () => text, until };
}
