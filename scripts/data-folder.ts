import { createHash } from "node:crypto";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PlainError } from "./plain-error";

/** Where a Unix socket that does not fit into the data folder was put; the command line reads it. */
const POINTER_FILE = "socket-folder";

/** libpq, pg and psql all look for this name in the folder they get as host. */
const SOCKET_NAME = ".s.PGSQL.5432";

/** `sun_path` holds 104 bytes on macOS and 108 on Linux, the closing zero included. */
const MAXIMUM_SOCKET_PATH_BYTES = 103;

/**
 * Creates the data folder, readable by its owner alone, and returns its real path.
 * Throws `PlainError` when it cannot be written, or holds what is not Latchkey's and is open to others.
 */
export function prepareDataFolder(dataDir: string): string {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const folder = realpathSync(dataDir);
    makePrivate(folder);
    const probe = join(folder, `.writable-${process.pid}`);
    writeFileSync(probe, "");
    unlinkSync(probe);
    return folder;
  } catch (error) {
    if (error instanceof PlainError) throw error;
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new PlainError(
      `DATA_DIR is "${dataDir}", which cannot be written (${reason}); it may hold a folder.`,
    );
  }
}

/** An empty folder (a mounted volume) is made private; one that others keep files in, like /tmp, is not touched. */
function makePrivate(folder: string): void {
  if ((lstatSync(folder).mode & 0o077) === 0) return;
  const names = readdirSync(folder).filter((name) => name !== "lost+found");
  if (names.length > 0 && !names.includes("postgres")) {
    throw new PlainError(
      `DATA_DIR is "${folder}", which holds other files; it may hold an empty folder, or one with mode 700.`,
    );
  }
  chmodSync(folder, 0o700);
}

/**
 * The folder for the database's Unix socket: the data folder, or, where that path is too long for a socket, a short
 * one under the system's temporary folder, which the data folder then names.
 */
export function prepareSocketFolder(folder: string): string {
  const pointer = join(folder, POINTER_FILE);
  if (Buffer.byteLength(join(folder, SOCKET_NAME)) <= MAXIMUM_SOCKET_PATH_BYTES) {
    removeIfThere(pointer);
    return folder;
  }
  const short = join(tmpdir(), `latchkey-${createHash("sha256").update(folder).digest("hex").slice(0, 16)}`);
  mkdirSync(short, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(short);
  // A folder of this name that somebody else made first could hand our socket to them.
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0) {
    throw new PlainError(
      `DATA_DIR is too long for a socket, and "${short}" is not ours alone; choose a shorter DATA_DIR.`,
    );
  }
  writeFileSync(pointer, short, { mode: 0o600 });
  return short;
}

/** The socket of the database that runs, or would run, in a data folder. Creates nothing. */
export function findSocketPath(dataDir: string): string {
  try {
    return join(readFileSync(join(dataDir, POINTER_FILE), "utf8").trim(), SOCKET_NAME);
  } catch {
    return join(realPathOrItself(dataDir), SOCKET_NAME);
  }
}

export function socketPathIn(socketFolder: string): string {
  return join(socketFolder, SOCKET_NAME);
}

export function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function realPathOrItself(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
