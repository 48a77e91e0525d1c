import { lstatSync, realpathSync, type Stats } from "node:fs";
import type { Server } from "node:http";
import { connect } from "node:net";
import { basename, dirname, join } from "node:path";
import { removeIfThere } from "../data-folder";
import { PlainError } from "../plain-error";

/** `sun_path` holds 104 bytes on macOS and 108 on Linux, the closing zero included. */
const MAXIMUM_PATH_BYTES = 103;
const OTHERS_MAY_WRITE = 0o022;

/**
 * Has the server listen on this path, with this mode from the first moment on. The socket of a process that has ended
 * is replaced. Throws `PlainError` when one that runs has it, or when others could put theirs in its place.
 */
export async function listenOn(server: Server, path: string, mode: number): Promise<void> {
  const socket = join(checkedFolder(dirname(path)), basename(path));
  if (Buffer.byteLength(socket) > MAXIMUM_PATH_BYTES) {
    throw new PlainError(`--socket is "${socket}", which is longer than a socket's path may be (103 bytes).`);
  }
  await clear(socket);
  const before = process.umask(0o777 & ~mode);
  try {
    // The kernel makes the file before the call returns.
    const listening = new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(socket, resolve);
    });
    process.umask(before);
    await listening;
  } finally {
    process.umask(before);
  }
}

function checkedFolder(folder: string): string {
  const real = realPathOf(folder);
  const { uid, mode } = lstatSync(real);
  const isOurs = uid === process.getuid?.() || uid === 0;
  if (isOurs && (mode & OTHERS_MAY_WRITE) === 0) return real;
  throw new PlainError(
    `--socket is to be in "${real}", where others may put their own in its place; choose a folder that only you can write to.`,
  );
}

function realPathOf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    throw new PlainError(`--socket is to be in "${folder}", which is no folder.`);
  }
}

async function clear(socket: string): Promise<void> {
  const stats = statOf(socket);
  if (stats === null) return;
  if (!stats.isSocket())
    throw new PlainError(`--socket is "${socket}", which is no socket; it is left as it is.`);
  if (await isAnswered(socket))
    throw new PlainError(`--socket is "${socket}", where a process listens already.`);
  removeIfThere(socket);
}

function statOf(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** The kernel refuses a connection when nobody listens any more. */
function isAnswered(socket: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const connection = connect(socket);
    connection.once("connect", () => {
      connection.destroy();
      resolve(true);
    });
    connection.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(false);
      else reject(new PlainError(`--socket is "${socket}", which cannot be connected to (${error.code}).`));
    });
  });
}
