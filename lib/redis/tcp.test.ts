import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { openRedis } from "./redis-link";

/** The first bytes that a link to this kind of URL sends. */
async function firstBytes(scheme: string): Promise<Buffer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const sent = new Promise<Buffer>((resolve) => {
    server.on("connection", (socket) => {
      socket.on("error", () => {});
      socket.once("data", (bytes) => {
        socket.destroy();
        resolve(bytes);
      });
    });
  });
  const link = openRedis({
    kind: "tcp",
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
  const call = link.call((redis) => redis.get("a"), 10_000);
  await expect(call).rejects.toThrow();
  await link.close();
  server.close();
  return sent;
}

test("redis:// asks at once, without asking first who the server is", async () => {
  expect((await firstBytes("redis")).toString()).toBe("*2\r\n$3\r\nget\r\n$1\r\na\r\n");
});

test("rediss:// speaks TLS", async () => {
  const HANDSHAKE = 0x16;
  expect((await firstBytes("rediss"))[0]).toBe(HANDSHAKE);
});
