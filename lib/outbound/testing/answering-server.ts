import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A server of a test, and what has become of it so far. */
export interface AnsweringServer {
  port: number;
  /** `127.0.0.1` and the port. */
  host: string;
  requests: IncomingMessage[];
  connectionCount(): number;
  /** Resolves when every connection so far is closed. */
  quiet(): Promise<void>;
}

interface Place {
  address?: string;
  tls?: { key: string; cert: string };
}

/** Until the end of the test. */
export async function startServer(listener: RequestListener, place: Place = {}): Promise<AnsweringServer> {
  const { address = "127.0.0.1", tls } = place;
  const requests: IncomingMessage[] = [];
  const sockets: Socket[] = [];
  const answer: RequestListener = (request, response) => {
    requests.push(request);
    listener(request, response);
  };
  const server = tls ? createSecureServer(tls, answer) : createServer(answer);
  server.on("connection", (socket: Socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
  });
  server.listen(0, address);
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    host: `127.0.0.1:${port}`,
    requests,
    connectionCount: () => sockets.length,
    quiet: async () => {
      await Promise.all(sockets.map(closed));
    },
  };
}

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
