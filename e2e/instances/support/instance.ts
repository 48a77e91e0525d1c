import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../support/free-port";
import { type RunningProcess, startNode } from "../../support/running-process";
import {
  type Answer,
  exchange,
  exchangeAndLose,
  type RequestOptions,
  type Server,
  sendAndLeave,
} from "./exchange";

const READY = /Latchkey is ready at/;

/** One process of a cluster, and the client's connections to it. */
export class Instance implements Server {
  private launcher: RunningProcess | null = null;
  private readonly agent = new Agent({ keepAlive: true });
  /** The server's process id; the launcher is its parent. */
  serverPid = 0;

  private constructor(
    readonly port: number,
    /** The cluster's public origin. */
    readonly origin: string,
    private readonly dataDir: string,
    private environment: Record<string, string>,
  ) {}

  /** On a port and in a data folder of its own. Starts nothing yet. */
  static async create(origin: string, environment: Record<string, string>): Promise<Instance> {
    const dataDir = await mkdtemp(join(tmpdir(), "latchkey-instance-"));
    return new Instance(await freePort(), origin, dataDir, environment);
  }

  /** Resolves when it serves. Rejects with the output when it ends before. */
  async start(): Promise<void> {
    const own = { PORT: String(this.port), DATA_DIR: this.dataDir };
    this.launcher = startNode(["scripts/start.mjs", "--built"], { ...this.environment, ...own });
    await this.launcher.untilOutput(READY);
    this.serverPid = findServer(this.launcher.pid);
  }

  /** Starts it again on the same port, once it has ended, with these settings changed. */
  restart(changes: Record<string, string> = {}): Promise<void> {
    this.environment = { ...this.environment, ...changes };
    return this.start();
  }

  /** The launcher's process id. */
  get pid(): number {
    return this.running.pid;
  }

  /** Everything the latest launcher and its server have written so far. */
  output(): string {
    return this.running.output();
  }

  /** Resolves with the first match in the output; rejects when the process ends without one. */
  untilOutput(pattern: RegExp): Promise<RegExpExecArray> {
    return this.running.untilOutput(pattern);
  }

  /** Asks this instance, whatever name the cluster goes by. Rejects when the connection fails. */
  request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    return exchange(this.destination(method, path), { agent: this.agent, ...options });
  }

  /** Resolves when the instance has answered; the client loses the connection before it has read the answer. */
  requestAndLose(method: string, path: string, options: RequestOptions = {}): Promise<void> {
    return exchangeAndLose(this.destination(method, path), { agent: this.agent, ...options });
  }

  /** The client sends a request and is gone, whatever becomes of it. */
  requestAndLeave(method: string, path: string, options: RequestOptions = {}): Promise<void> {
    return sendAndLeave(this.destination(method, path), { agent: this.agent, ...options });
  }

  private destination(method: string, path: string) {
    return { port: this.port, host: new URL(this.origin).host, method, path };
  }

  /** Ends the server at once and without warning (SIGKILL); its launcher ends with it. */
  async kill(): Promise<void> {
    process.kill(this.serverPid, "SIGKILL");
    await this.running.ended;
  }

  /** Asks it to end (SIGTERM). Resolves with the exit code when it has. */
  terminate(): Promise<number | NodeJS.Signals> {
    this.running.signal("SIGTERM");
    return this.running.ended;
  }

  /** Ends it if it still runs, and removes its data folder. */
  async remove(): Promise<void> {
    this.agent.destroy();
    if (this.launcher !== null) await this.terminate();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  private get running(): RunningProcess {
    if (this.launcher === null) throw new Error("The instance has not been started.");
    return this.launcher;
  }
}

/** The launcher starts nothing else that runs server.ts. */
function findServer(launcher: number): number {
  const listing = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
  for (const line of listing.split("\n")) {
    const [pid, parent] = line.trim().split(/\s+/, 2).map(Number);
    if (parent === launcher && line.includes("server.ts")) return pid ?? 0;
  }
  throw new Error(`Launcher ${launcher} has no server.`);
}
