import { randomUUID } from "node:crypto";
import { readdirSync, renameSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { removeIfThere } from "./data-folder";
import { PlainError } from "./plain-error";

/**
 * The exclusive right to a data folder.
 *
 * Each launcher listens on a socket of its own in the folder, under a name nobody else will ever use. The kernel
 * closes it with the process, however that ends, so a connection that is refused proves that its owner is gone: no
 * pid that could have been given to another process, no age that could be misjudged, nothing to wait for.
 *
 * Two launchers that start together see each other, because each listens before it looks around. The one whose name
 * sorts first goes on, unless another already holds the folder; the others give way.
 */
export interface LauncherLock {
  release(): void;
}

const NAME = /^launcher-([0-9a-f-]{36})\.sock$/;
const HOLDS = "holds";
const CLAIMS = "claims";

/** A launcher that accepts connections but says nothing for this long is alive and busy. */
const ANSWER_MS = 5_000;

/** Throws `PlainError` when another has the folder, which the message calls by the name of its setting. */
export async function lockDataFolder(folder: string, setting = "DATA_DIR"): Promise<LauncherLock> {
  const claim = new Claim(folder, setting);
  await claim.publish();
  try {
    for (const other of claim.others()) await claim.settleWith(other);
  } catch (error) {
    claim.release();
    throw error;
  }
  claim.hold();
  return claim;
}

class Claim implements LauncherLock {
  readonly #folder: string;
  readonly #id = randomUUID();
  readonly #server: Server;
  readonly #askers = new Set<Socket>();
  #state = CLAIMS;

  constructor(
    folder: string,
    private readonly setting: string,
  ) {
    this.#folder = folder;
    this.#server = createServer((asker) => this.#answer(asker));
    this.#server.unref();
  }

  /** Listens under a private name first: a socket that is bound but not yet listening looks like a dead one. */
  async publish(): Promise<void> {
    const hidden = `.${this.#id}`;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      inFolder(this.#folder, () => this.#server.listen(hidden, resolve));
    });
    renameSync(join(this.#folder, hidden), this.#path(this.#id));
  }

  others(): string[] {
    const ids = readdirSync(this.#folder).map((name) => NAME.exec(name)?.[1]);
    return ids.filter((id): id is string => id !== undefined && id !== this.#id);
  }

  /** Returns once the other launcher is gone; throws when this one has to give way. */
  async settleWith(other: string): Promise<void> {
    const socket = await reach(this.#folder, fileName(other));
    for await (const said of socket === null ? [] : wordsOf(socket)) {
      const [state, pid] = said.split(/\s/);
      if (state === HOLDS || said.includes(`\n${HOLDS}`) || other < this.#id)
        throw inUse(this.setting, this.#folder, pid);
    }
    removeIfThere(this.#path(other));
  }

  hold(): void {
    this.#state = HOLDS;
    for (const asker of this.#askers) this.#tell(asker);
  }

  release(): void {
    removeIfThere(this.#path(this.#id));
    this.#server.close();
    for (const asker of this.#askers) asker.destroy();
  }

  #answer(asker: Socket): void {
    this.#askers.add(asker);
    asker.on("error", () => asker.destroy());
    asker.on("close", () => this.#askers.delete(asker));
    this.#tell(asker);
  }

  #tell(asker: Socket): void {
    asker.write(`${this.#state} ${process.pid}\n`);
  }

  #path(id: string): string {
    return join(this.#folder, fileName(id));
  }
}

function fileName(id: string): string {
  return `launcher-${id}.sock`;
}

function inUse(setting: string, folder: string, pid: string | undefined): PlainError {
  const who = pid === undefined ? "" : ` (process ${pid})`;
  return new PlainError(`${setting} ${folder} is already in use by another Latchkey${who}.`);
}

/**
 * Binds and connects by a name relative to the folder, so that its path may be longer than a socket's may be.
 * Node hands the name to the kernel before the call returns.
 */
function inFolder<T>(folder: string, act: () => T): T {
  const before = process.cwd();
  process.chdir(folder);
  try {
    return act();
  } finally {
    process.chdir(before);
  }
}

/** Null when nobody listens any more. */
function reach(folder: string, name: string): Promise<Socket | null> {
  return new Promise((resolve, reject) => {
    const socket = inFolder(folder, () => connect(name));
    socket.once("connect", () => resolve(socket));
    socket.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "ECONNREFUSED" || error.code === "ENOENT" ? resolve(null) : reject(error),
    );
  });
}

/** What a launcher says until it is gone. One that is connected and says nothing is busy, and holds. */
async function* wordsOf(socket: Socket): AsyncGenerator<string> {
  let silent = false;
  socket.setTimeout(ANSWER_MS, () => {
    silent = true;
    socket.destroy();
  });
  try {
    for await (const chunk of socket) yield String(chunk);
  } catch {
    // A connection that breaks is one that ends.
  } finally {
    socket.destroy();
  }
  if (silent) yield HOLDS;
}
