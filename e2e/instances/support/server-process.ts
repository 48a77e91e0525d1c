import { type ChildProcess, execFile, type SpawnOptions, spawn } from "node:child_process";
import { promisify } from "node:util";

/**
 * A server that a test may stop and pause, with the processes that it starts. Signals go to each of them by its id:
 * Postgres gives each a process group of its own, and one to the group of the first misses the others.
 */
export class ServerProcess {
  private child: ChildProcess | null = null;

  constructor(
    private readonly program: string,
    private readonly parameters: string[],
    private readonly options: Pick<SpawnOptions, "cwd" | "uid" | "gid"> = {},
  ) {}

  /** Starts it if it does not run, and lets it go on if it is paused. Does not wait until it answers. */
  async run(): Promise<void> {
    if (this.hasEnded) this.start();
    else await this.resume();
  }

  /** Whether it has not been started, or ended since. */
  get hasEnded(): boolean {
    return this.child === null || this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** SIGSTOP: it holds its connections and answers nothing. The parent first, so that no child is new. */
  async pause(): Promise<void> {
    signal(this.pid, "SIGSTOP");
    for (const child of await childrenOf(this.pid)) signal(child, "SIGSTOP");
  }

  async resume(): Promise<void> {
    for (const child of await childrenOf(this.pid)) signal(child, "SIGCONT");
    signal(this.pid, "SIGCONT");
  }

  /** Ends it as a machine that loses its power. Resolves when none of its processes runs any more. */
  async kill(): Promise<void> {
    if (this.hasEnded) return;
    signal(this.pid, "SIGSTOP");
    const family = [this.pid, ...(await childrenOf(this.pid))];
    for (const member of family) signal(member, "SIGKILL");
    while (await isAnyRunning(family));
    await this.untilEnded();
  }

  /** Asks it to end, and waits. */
  async end(name: NodeJS.Signals): Promise<void> {
    if (this.hasEnded) return;
    signal(this.pid, name);
    await this.untilEnded();
  }

  private start(): void {
    const child = spawn(this.program, this.parameters, { ...this.options, stdio: "ignore" });
    const killWithUs = () => child.kill("SIGKILL");
    process.once("exit", killWithUs);
    child.once("exit", () => process.off("exit", killWithUs));
    this.child = child;
  }

  private get pid(): number {
    if (this.hasEnded || this.child?.pid === undefined) throw new Error(`${this.program} does not run.`);
    return this.child.pid;
  }

  private untilEnded(): Promise<void> {
    return new Promise((resolve) => {
      if (this.hasEnded) resolve();
      else this.child?.once("exit", () => resolve());
    });
  }
}

interface Row {
  pid: number;
  parent: number;
  /** Ended, though its parent has not asked for its exit code yet. */
  isZombie: boolean;
}

/** Not in one go: the wires to other servers run in this process, and a pause of theirs is one of the servers. */
async function processTable(): Promise<Row[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,stat="]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => {
      const [pid, parent, state = ""] = line.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), isZombie: state.startsWith("Z") };
    });
}

async function childrenOf(pid: number): Promise<number[]> {
  const rows = await processTable();
  return rows.filter(({ parent }) => parent === pid).map((row) => row.pid);
}

async function isAnyRunning(pids: readonly number[]): Promise<boolean> {
  const rows = await processTable();
  return rows.some((row) => pids.includes(row.pid) && !row.isZombie);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
