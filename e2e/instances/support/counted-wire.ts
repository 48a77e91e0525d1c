import { connect, createServer, type NetConnectOpts, type Socket } from "node:net";
import parseUrl from "pg-connection-string";
import { postgresQueries } from "./postgres-queries";
import { redisCommands } from "./redis-commands";

/** What a program asks of a server, read on the way. */
export interface CountedWire {
  /** The server's URL, through this wire. */
  url: string;
  /** What has been asked since the last call: the names of commands, or the text of queries. */
  take(): string[];
  close(): Promise<void>;
}

/** Reads the first message of these bytes: what it asks, if anything, and where it ends. Null while it is not complete. */
export type ReadMessage = (bytes: Buffer) => { asked: string | null; end: number } | null;

export function countRedis(url: string): Promise<CountedWire> {
  const { hostname, port } = new URL(url);
  return openWire(url, { host: hostname, port: Number(port || 6379) }, redisCommands);
}

export function countPostgres(url: string): Promise<CountedWire> {
  const { host, port } = parseUrl.parse(url);
  const number = Number(port || 5432);
  const isFolder = host?.startsWith("/") === true;
  const to = isFolder ? { path: `${host}/.s.PGSQL.${number}` } : { host: host ?? "localhost", port: number };
  return openWire(url, to, postgresQueries);
}

async function openWire(url: string, to: NetConnectOpts, newReader: () => ReadMessage): Promise<CountedWire> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const onward = connect(to);
    const read = newReader();
    let unread = Buffer.alloc(0);
    client.on("data", (chunk) => {
      unread = Buffer.concat([unread, chunk]);
      for (let message = read(unread); message !== null; message = read(unread)) {
        if (message.asked !== null) asked.push(message.asked);
        unread = unread.subarray(message.end);
      }
    });
    client.pipe(onward).pipe(client);
    for (const [socket, other] of [
      [client, onward],
      [onward, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const through = new URL(url);
  through.searchParams.delete("host");
  through.host = `127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  return {
    url: through.href,
    take: () => asked.splice(0),
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
