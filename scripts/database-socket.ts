import { chmodSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import type { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketHandler, type PGLiteSocketHandlerOptions } from "@electric-sql/pglite-socket";
import { removeIfThere } from "./data-folder";
import { DatabaseTurns } from "./database-turns";

/** The server's pool, the command line and a few psql. */
const MAXIMUM_CONNECTIONS = 50;

export interface DatabaseSocket {
  /** The engine's own failure, for example on a full disk; null while it works. */
  failure(): Error | null;
  /** Rejects when the engine itself fails. */
  failed: Promise<never>;
  /** Cuts everyone off, their open transactions rolled back, and removes the socket. */
  close(): Promise<void>;
}

/** Serves `database` in Postgres's own protocol on a Unix socket that only the owner may open. */
export async function serveDatabase(database: PGlite, socketPath: string): Promise<DatabaseSocket> {
  const connections = new Map<number, PGLiteSocketHandler>();
  let failure: Error | null = null;
  let announce = (_error: Error) => {};
  const failed = new Promise<never>((_resolve, reject) => {
    announce = reject;
  });
  // Whoever wants to know races with it; nobody has to.
  failed.catch(() => {});
  const turns = new DatabaseTurns(database, {
    cutOff(stalled) {
      void connections.get(stalled)?.detach(true);
      connections.delete(stalled);
    },
    onFailure(error) {
      failure = error;
      announce(error);
    },
  });
  const server = createServer((socket) => accept(socket, turns, connections));
  server.maxConnections = MAXIMUM_CONNECTIONS;
  // Ours to remove: the data folder is locked, so whoever left it is gone.
  removeIfThere(socketPath);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
  chmodSync(socketPath, 0o600);
  return {
    failure: () => failure,
    failed,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      await Promise.all([...connections.values()].map((connection) => connection.detach(true)));
      await closed;
    },
  };
}

function accept(socket: Socket, turns: DatabaseTurns, connections: Map<number, PGLiteSocketHandler>): void {
  // The option's type is a class with private members; the handler calls the three methods that `turns` has.
  const queryQueue = turns as unknown as PGLiteSocketHandlerOptions["queryQueue"];
  const connection = new PGLiteSocketHandler({ queryQueue, closeOnDetach: true });
  connections.set(connection.handlerId, connection);
  // It takes the socket's own listeners off before it closes the socket.
  for (const end of ["close", "error"]) {
    connection.addEventListener(end, () => connections.delete(connection.handlerId));
  }
  void connection.attach(socket);
}
