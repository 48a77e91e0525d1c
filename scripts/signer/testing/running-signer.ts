import { request } from "node:http";
import { join } from "node:path";
import { type RunningProcess, startNode } from "../../../e2e/support/running-process";

const READY = /the signer is ready/;

export interface SignerAnswer {
  status: number;
  body: Buffer;
}

/** A signing process, as an operator starts it. */
export interface RunningSigner {
  socket: string;
  keysFolder: string;
  process: RunningProcess;
  /** Asks it, as anybody would who may open the socket. */
  ask(method: string, path: string, body?: string | Buffer): Promise<SignerAnswer>;
  /** Ends it without warning. */
  kill(): Promise<void>;
  /** Asks it to end, and waits. Returns the exit code. */
  stop(): Promise<number | NodeJS.Signals>;
}

/** Starts it with its socket and keys in this folder, and waits for nothing. */
export function launchSigner(folder: string, ...options: string[]): RunningSigner {
  const socket = join(folder, "signer.sock");
  const keysFolder = join(folder, "keys");
  const own = ["scripts/signer/main.ts", "--socket", socket, "--keys", keysFolder, ...options];
  const process = startNode(["--import", "tsx", ...own]);
  const end = async (signal: NodeJS.Signals) => {
    process.signal(signal);
    return process.ended;
  };
  return {
    socket,
    keysFolder,
    process,
    ask: (method, path, body) => ask(socket, method, path, body),
    kill: async () => {
      await end("SIGKILL");
    },
    stop: () => end("SIGTERM"),
  };
}

/** Resolves when it is ready. Rejects with the output when it ends before. */
export async function startSigner(folder: string, ...options: string[]): Promise<RunningSigner> {
  const signer = launchSigner(folder, ...options);
  await signer.process.untilOutput(READY);
  return signer;
}

function ask(
  socketPath: string,
  method: string,
  path: string,
  body?: string | Buffer,
): Promise<SignerAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, agent: false }, async (answer) => {
      const parts: Buffer[] = [];
      for await (const part of answer) parts.push(part);
      resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts) });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
