import { once } from "node:events";
import { Agent, createServer, get, type RequestListener, request, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { Drain } from "./drain";

const NEVER_MS = 60_000;
const REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

const LAST_ANSWER = /^HTTP\/1\.1 200 .*\r\nConnection: close\r\n.*served$/s;

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
});

async function start(listener: RequestListener, idleGraceMs = NEVER_MS) {
  const server = createServer({ keepAliveTimeout: NEVER_MS });
  const drain = new Drain(server, idleGraceMs);
  server.on("request", (incoming, response) => {
    drain.watch(response);
    listener(incoming, response);
  });
  servers.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { server, drain, port: (server.address() as AddressInfo).port };
}

const open = async (port: number): Promise<Socket> => {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
};

it("answers whoever was connected before, taken or not, and ends", async () => {
  const { drain, port } = await start((_, response) => response.end("served"));
  const sockets = await Promise.all(Array.from({ length: 50 }, () => open(port)));
  const stopped = drain.stop(NEVER_MS);
  for (const socket of sockets) socket.write(REQUEST);
  const answers = await Promise.all(sockets.map((socket) => text(socket)));
  for (const answer of answers) expect(answer).toMatch(LAST_ANSWER);
  expect(await stopped).toBe(0);
});

it("answers once more on a connection that looks idle", async () => {
  const { server, drain, port } = await start((_, response) => response.end("served"));
  const socket = await open(port);
  socket.write(REQUEST);
  expect(String(await once(socket, "data"))).toMatch(/keep-alive/);
  const stopped = drain.stop(NEVER_MS);
  while (server.listening) await nextTurn();
  socket.write(REQUEST);
  expect(await text(socket)).toMatch(LAST_ANSWER);
  expect(await stopped).toBe(0);
});

it("says that an answer is the last one where its head has not left yet", async () => {
  const { drain, port } = await start((_, response) => {
    drain.stop(NEVER_MS);
    response.end("served");
  });
  const socket = await open(port);
  socket.write(REQUEST);
  expect(await text(socket)).toMatch(LAST_ANSWER);
  expect(await drain.stop(NEVER_MS)).toBe(0);
});

it("finishes an answer whose head has left, and grants its connection the grace from then on", async () => {
  const graceMs = 20;
  const { drain, port } = await start((_, response) => {
    response.write("first half, ");
    drain.stop(NEVER_MS);
    setTimeout(() => response.end("second half"), 3 * graceMs);
  }, graceMs);
  const [answer] = await once(get({ port, agent: new Agent({ keepAlive: true }) }), "response");
  expect(await text(answer)).toBe("first half, second half");
  expect(await drain.stop(NEVER_MS)).toBe(0);
});

it("closes a connection on which nothing comes, after the grace", async () => {
  const { drain, port } = await start((_, response) => response.end(), 50);
  const [silent, kept] = [await open(port), await open(port)];
  kept.write(REQUEST);
  await once(kept, "data");
  const closed = Promise.all([silent, kept].map((socket) => once(socket.resume(), "close")));
  expect(await drain.stop(NEVER_MS)).toBe(0);
  await closed;
});

it("takes no new connections", async () => {
  const { drain, port } = await start((_, response) => response.end(), 50);
  await drain.stop(NEVER_MS);
  await expect(open(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

it("cuts what takes longer than its patience, and counts it", async () => {
  const { server, drain, port } = await start(() => {});
  const asked = request({ port });
  const failure = once(asked, "error");
  asked.end();
  await once(server, "request");
  const [first, again] = [drain.stop(50), drain.stop(NEVER_MS)];
  expect(await Promise.all([first, again])).toEqual([1, 1]);
  expect((await failure)[0]).toMatchObject({ code: "ECONNRESET" });
});
