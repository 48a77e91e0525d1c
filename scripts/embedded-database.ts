import { connect } from "node:net";
import { dirname, join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { pg_trgm } from "@electric-sql/pglite/contrib/pg_trgm";
import type { Settings } from "../lib/config/settings";
import { findSocketPath, prepareDataFolder, prepareSocketFolder, socketPathIn } from "./data-folder";
import { serveDatabase } from "./database-socket";
import { lockDataFolder } from "./launcher-lock";
import { PlainError } from "./plain-error";

export interface EmbeddedDatabase {
  databaseUrl: string;
  /** Rejects when the engine itself fails, for example on a full disk; nothing is answered from then on. */
  failed: Promise<never>;
  /** Disconnects everyone, shuts Postgres down cleanly and gives the data folder free. */
  close(): Promise<void>;
}

/**
 * Starts Postgres (PGlite) over the files in `dataDir` and serves it on a Unix socket there.
 * An answered COMMIT survives the death of this process at any instant. The engine writes without fsync, so a power
 * failure may cost the last moments; an external database is the answer where that matters.
 * Throws `PlainError` when the folder is in use by another launcher or cannot be written.
 */
export async function startEmbeddedDatabase(dataDir: string): Promise<EmbeddedDatabase> {
  const folder = prepareDataFolder(dataDir);
  const lock = await lockDataFolder(folder);
  try {
    const socketPath = socketPathIn(prepareSocketFolder(folder));
    const database = await PGlite.create(join(folder, "postgres"), {
      relaxedDurability: false,
      extensions: { pg_trgm },
    });
    const server = await serveDatabase(database, socketPath);
    const close = async () => {
      await server.close();
      // A failed engine cannot shut down; it recovers from its log at the next start.
      if (server.failure() === null) await database.close();
      lock.release();
    };
    const failed = server.failed.catch((error: Error) => {
      throw new PlainError(`The embedded database stopped: ${error.message}`);
    });
    failed.catch(() => {});
    return { databaseUrl: urlOfSocket(socketPath), failed, close };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The URL of the embedded database that another process serves from `dataDir`, or null. */
export async function findRunningDatabase(dataDir: string): Promise<string | null> {
  const socketPath = findSocketPath(dataDir);
  return (await isServed(socketPath)) ? urlOfSocket(socketPath) : null;
}

/**
 * Runs `use` with a database: the external one, else the embedded one that is running, else the embedded one
 * started for as long as `use` takes.
 */
export async function withDatabase<T>(
  settings: Pick<Settings, "databaseUrl" | "dataDir">,
  use: (databaseUrl: string) => Promise<T>,
): Promise<T> {
  const running = settings.databaseUrl ?? (await findRunningDatabase(settings.dataDir));
  if (running !== null) return use(running);
  const embedded = await startEmbeddedDatabase(settings.dataDir);
  try {
    return await Promise.race([use(embedded.databaseUrl), embedded.failed]);
  } finally {
    await embedded.close();
  }
}

/** Accepted by pg, Prisma's adapter and psql alike; the host in front of the path is a placeholder. */
function urlOfSocket(socketPath: string): string {
  return `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(dirname(socketPath))}`;
}

function isServed(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const answer = (served: boolean) => {
      socket.destroy();
      resolve(served);
    };
    socket.once("connect", () => answer(true));
    socket.once("error", () => answer(false));
  });
}
