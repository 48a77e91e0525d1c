import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openTcpLink, type TcpLink } from "./tcp-link";

let server: Server;
let link: TcpLink;
beforeEach(async () => {
  server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  link = await openTcpLink((server.address() as AddressInfo).port);
});
afterEach(async () => {
  await link.close();
  server.close();
});

it("delivers what a silence has held back, and the end, though the program has closed its connection", async () => {
  const client = connect(link.port, "127.0.0.1");
  const [socket]: Socket[] = await once(server, "connection");
  const received = text(socket as Socket);
  await link.hang();
  client.resume().end("its last words");
  await once(client, "close");
  await link.pass();
  expect(await received).toBe("its last words");
});

it("listens again at the same port, and says so when that is taken", async () => {
  await link.refuse();
  const other = createServer().listen(link.port, "127.0.0.1");
  await once(other, "listening");
  await expect(link.pass()).rejects.toMatchObject({ code: "EADDRINUSE" });
  other.close();
  await once(other, "close");
  await link.pass();
  await once(connect(link.port, "127.0.0.1"), "connect");
});
