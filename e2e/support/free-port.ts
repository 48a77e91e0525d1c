import { createServer } from "node:net";

/** The system may give one again, before whoever it was for listens there. */
const given = new Set<number>();

/** A port nobody listens on at this moment, and another one at each call. */
export async function freePort(): Promise<number> {
  const port = await drawPort();
  if (given.has(port)) return freePort();
  given.add(port);
  return port;
}

function drawPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
