import { Redis } from "@upstash/redis";
import { afterAll, beforeAll, expect, it, test } from "vitest";
import { freshRedis, type TestRedis } from "./fresh-redis";
import { startUpstashBridge, type UpstashBridge } from "./upstash-bridge";

let redis: TestRedis;
let bridge: UpstashBridge;
beforeAll(async () => {
  redis = await freshRedis();
  bridge = await startUpstashBridge(redis.url);
});
afterAll(async () => {
  await bridge.close();
  await redis.close();
});

/** The status and the body, as they are on the wire. */
async function send(path: string, body: unknown, headers: Record<string, string> = {}, method = "POST") {
  const authorization = { authorization: `Bearer ${bridge.token}` };
  const init = { method, headers: { ...authorization, ...headers }, body: JSON.stringify(body) };
  const response = await fetch(`${bridge.url}${path}`, init);
  return [response.status, await response.json()];
}

test("the client with its own settings reads what it wrote", async () => {
  const client = new Redis({ url: bridge.url, token: bridge.token });
  await client.set("a", "é✓");
  await client.set("b", { some: ["json"] });
  expect(await client.mget("a", "b", "c")).toEqual(["é✓", { some: ["json"] }, null]);
  expect(await client.pipeline().set("a", "x").get("a").exec()).toEqual(["OK", "x"]);
});

test("texts are sent in base64 to who asks for it", async () => {
  await send("/", ["set", "a", "x"]);
  expect(await send("/", ["mget", "a", "missing"])).toEqual([200, { result: ["x", null] }]);
  const encoding = { "Upstash-Encoding": "base64" };
  expect(await send("/", ["mget", "a", "missing"], encoding)).toEqual([200, { result: ["eA==", null] }]);
  expect(
    await send(
      "/pipeline",
      [
        ["strlen", "a"],
        ["get", "a"],
      ],
      encoding,
    ),
  ).toEqual([200, [{ result: 1 }, { result: "eA==" }]]);
});

test("errors have their place", async () => {
  expect(await send("/", ["nonsense"])).toEqual([400, { error: expect.stringContaining("unknown command") }]);
  expect(
    await send("/pipeline", [
      ["set", "a", "x"],
      ["incr", "a"],
    ]),
  ).toEqual([200, [{ result: "OK" }, { error: expect.stringContaining("not an integer") }]]);
  expect(await send("/multi-exec", [["set", "a"]])).toEqual([
    400,
    { error: expect.stringContaining("EXECABORT") },
  ]);
  expect(await send("/elsewhere", ["ping"])).toEqual([404, { error: expect.any(String) }]);
  expect(await send("/", ["ping"], {}, "PUT")).toEqual([405, { error: expect.any(String) }]);
});

it.each(["", "Bearer", "Bearer wrong", "Basic x"])("does nothing for %j", async (authorization) => {
  const before = bridge.requestCount();
  expect(await send("/", ["set", "forbidden", "1"], { authorization })).toEqual([
    401,
    { error: expect.stringContaining("WRONGPASS") },
  ]);
  expect(bridge.requestCount()).toBe(before + 1);
  expect(await send("/", ["exists", "forbidden"])).toEqual([200, { result: 0 }]);
});

test("two callers have a database each, empty at first and at the end", async () => {
  const [one, other] = await Promise.all([freshRedis(), freshRedis()]);
  expect(new Set([one.url, other.url, redis.url]).size).toBe(3);
  await one.close();
  await other.close();
});
