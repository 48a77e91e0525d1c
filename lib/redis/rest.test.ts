import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { openRedis, type Redis } from "./redis-link";

/** What becomes of a call to a server that answers like this, and what headers that server was sent, one for each request. */
async function callTo(listener: RequestListener, work: (redis: Redis) => Promise<unknown>) {
  const sent: NodeJS.Dict<string | string[]>[] = [];
  const server = createServer((request, response) => {
    sent.push(request.headers);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const link = openRedis({ kind: "rest", url, token: "a-token" });
  const outcome = await link.call(work, 10_000).catch((error: Error) => error.message);
  await link.close();
  server.closeAllConnections();
  server.close();
  return { outcome, sent };
}

const answering =
  (status: number, body: string): RequestListener =>
  (_request, response) =>
    response.writeHead(status).end(body);

const get = (redis: Redis) => redis.get("a");

test("a request that was cut off is not made again", async () => {
  const { outcome, sent } = await callTo((request) => request.socket.destroy(), get);
  expect(outcome).toMatch(/could not be asked/);
  expect(sent.length).toBe(1);
});

test.each([
  [502, "<html>Bad gateway</html>"],
  [200, "<html>Sign in to the hotel's network</html>"],
  [200, "{}"],
  [500, '{"error":"ERR internal"}'],
  [200, '{"error":"ERR internal"}'],
  [200, ""],
])("an answer of %d with %j is none", async (status, body) => {
  const { outcome } = await callTo(answering(status, body), get);
  expect(outcome).toMatch(/could not be asked/);
});

test("a request says no more about this machine than it has to", async () => {
  const { outcome, sent } = await callTo(answering(200, '{"result":"1"}'), get);
  expect(outcome).toBe("1");
  expect(sent[0]?.authorization).toBe("Bearer a-token");
  expect(Object.keys(sent[0] ?? {}).filter((name) => name.startsWith("upstash-telemetry"))).toEqual([]);
});
