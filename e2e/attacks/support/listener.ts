import { createServer } from "node:http";

export interface Listener {
  port: number;
  /** Connections made to it, whatever they then asked. */
  hits(): number;
  close(): Promise<void>;
}

/** A server that counts who knocks, and answers everyone with `body`. */
export function startListener(body = "{}"): Promise<Listener> {
  let hits = 0;
  const server = createServer((_request, response) => response.end(body)).on("connection", () => {
    hits += 1;
  });
  return new Promise((resolve) => {
    server.listen(0, () => {
      const address = server.address();
      resolve({
        port: typeof address === "object" && address !== null ? address.port : 0,
        hits: () => hits,
        close: () => new Promise((done) => server.close(() => done())),
      });
    });
  });
}
