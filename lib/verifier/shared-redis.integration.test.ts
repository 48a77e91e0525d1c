import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type RedisServer, startRedisServer } from "@/e2e/instances/support/redis-server";
import { addSeconds, systemClock } from "@/lib/crypto/clock";
import { openRedis, type RedisLink } from "@/lib/redis/redis-link";
import type { Denial } from "@/lib/revocation/denial";
import { DenialCopy } from "@/lib/revocation/denial-copy";
import { Denylist } from "@/lib/revocation/denylist";
import { SharedDenials } from "@/lib/revocation/shared-denials";
import { InMemoryDenialStore } from "@/lib/sessions/testing/in-memory-denial-store";
import type { Revocations } from "./revocations";
import { openSharedRedis } from "./shared-redis";

const TOKEN = { jti: "token", sid: "session", kid: "key" };
const OTHER = { jti: "another", sid: "another", kid: "another" };
const PATIENCE = { timeout: 20_000, interval: 5 };

let server: RedisServer;
let client: Redis;
let link: RedisLink;
let store: InMemoryDenialStore;
let issuer: Denylist;
let shared: Revocations;

beforeAll(async () => {
  server = await startRedisServer();
  client = new Redis(server.url, { retryStrategy: () => 10 });
  client.on("error", () => undefined);
});
afterAll(async () => {
  client.disconnect();
  await server.remove();
});
beforeEach(async () => {
  await client.flushdb();
  store = new InMemoryDenialStore();
  link = openRedis({ kind: "tcp", url: server.url });
  // A busy machine is not what is tested here.
  const patient: RedisLink = Object.create(link, {
    call: { value: ((work) => link.call(work, 5_000)) satisfies RedisLink["call"] },
  });
  issuer = new Denylist({
    mode: "strict",
    store,
    copy: new DenialCopy(store, systemClock),
    shared: new SharedDenials(patient, systemClock),
    clock: systemClock,
  });
  await issuer.refill();
  shared = openSharedRedis(client);
  await shared.ready();
});
afterEach(() => link.close());

/** As the issuer revokes. */
async function revoke(kind: Denial["kind"], value: string): Promise<void> {
  const denial = { kind, value, expiresAt: addSeconds(new Date(), 600) };
  await store.deny(denial);
  await issuer.publish([denial]);
}

/** Once it answers; a busy machine may take longer than a token's check does. */
const answerOf = (token: typeof TOKEN) =>
  vi.waitFor(async () => {
    const answer = await shared.isDenied(token);
    if (answer === "unknown") throw new Error("unknown");
    return answer;
  }, PATIENCE);

describe("what the issuer shares in Redis", () => {
  it.each(["jti", "sid", "kid"] as const)("denies by the %s, and by no other name", async (kind) => {
    expect(await answerOf(TOKEN)).toBe(false);
    await revoke(kind, TOKEN[kind]);
    expect(await answerOf(TOKEN)).toBe(true);
    expect(await answerOf(OTHER)).toBe(false);
    expect(await answerOf({ jti: TOKEN.sid, sid: TOKEN.kid, kid: TOKEN.jti })).toBe(false);
    expect(await answerOf({ ...OTHER, [kind]: TOKEN[kind] })).toBe(true);
  });

  it("is unknown once Redis has lost it, until it has been filled again", async () => {
    await revoke("sid", TOKEN.sid);
    await client.flushdb();
    expect(await shared.isDenied(TOKEN)).toBe("unknown");
    expect(await shared.isDenied(OTHER)).toBe("unknown");
    await issuer.refill();
    expect(await answerOf(TOKEN)).toBe(true);
    expect(await answerOf(OTHER)).toBe(false);
  });

  it("is unknown while Redis does not answer, and not afterwards", async () => {
    await server.pause();
    expect(await shared.isDenied(OTHER)).toBe("unknown");
    await server.resume();
    expect(await answerOf(OTHER)).toBe(false);
  });

  it("is known by an answer that came in time to a process that was busy", async () => {
    const askAndBeBusy = async () => {
      await answerOf(OTHER);
      const asked = shared.isDenied(OTHER);
      // The question is sent, and then the process does something else for as long as it may take.
      await new Promise(setImmediate);
      for (const begunAt = performance.now(); performance.now() - begunAt < 200; );
      expect(await asked).toBe(false);
    };
    // On a busy machine the answer may arrive only later, which says nothing.
    await vi.waitFor(askAndBeBusy, PATIENCE);
  });

  it("is asked for in one round trip", async () => {
    const mget = vi.fn(async (..._keys: string[]) => ["run", null, null, null]);
    expect(await openSharedRedis({ mget }).isDenied(TOKEN)).toBe(false);
    expect(mget.mock.calls).toEqual([
      [
        "latchkey:denylist:filled",
        "latchkey:denied:jti:token",
        "latchkey:denied:sid:session",
        "latchkey:denied:kid:key",
      ],
    ]);
  });
});

describe("a client that answers something else leaves it unknown:", () => {
  it.each<[string, () => unknown]>([
    ["an error", () => Promise.reject(new Error("READONLY"))],
    [
      "an exception",
      () => {
        throw new Error("closed");
      },
    ],
    ["nothing", () => undefined],
    ["too little", () => Promise.resolve(["run", null, null])],
    ["too much", () => Promise.resolve(["run", null, null, null, null])],
    ["no list", () => Promise.resolve("run")],
    ["no marker", () => Promise.resolve([null, null, null, null])],
    ["no marker but a denial", () => Promise.resolve([undefined, "1", null, null])],
    ["no answer", () => new Promise(() => undefined)],
  ])("%s", async (_name, answer) => {
    const mget = answer as () => Promise<(string | null)[]>;
    expect(await openSharedRedis({ mget }).isDenied(TOKEN)).toBe("unknown");
  });
});

describe("being ready", () => {
  it("waits for Redis to be filled", async () => {
    await client.flushdb();
    const ready = shared.ready();
    await issuer.refill();
    await expect(ready).resolves.toBeUndefined();
  });

  it("is over when it is closed", async () => {
    await client.flushdb();
    const ready = expect(shared.ready()).rejects.toThrow("cannot be read");
    shared.close();
    await ready;
  });
});
