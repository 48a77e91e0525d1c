import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type RedisServer, startRedisServer } from "@/e2e/instances/support/redis-server";
import { startUpstashBridge, type UpstashBridge } from "@/e2e/support/upstash-bridge";
import { SECRET_DENIAL_SECONDS } from "@/lib/config/durations";
import type { RedisConnection } from "@/lib/config/redis-connection";
import { addSeconds } from "@/lib/crypto/clock";
import { openRedis, type RedisLink } from "@/lib/redis/redis-link";
import { InMemoryDenialStore } from "@/lib/sessions/testing/in-memory-denial-store";
import { HeldClock } from "@/lib/sessions/testing/session-harness";
import type { Denial } from "./denial";
import { DenialCopy } from "./denial-copy";
import { Denylist, type DenylistSource } from "./denylist";
import { SharedDenials } from "./shared-denials";

const TOKEN = { jti: "token", sid: "session", kid: "key" };
const OTHER = { jti: "another", sid: "another", kid: "another" };
/** For a connection and a circuit to close again. */
const PATIENCE = { timeout: 20_000, interval: 20 };
const NOTHING_LISTENS = { kind: "tcp", url: "redis://127.0.0.1:1" } as const;

let server: RedisServer;
let bridge: UpstashBridge;
let redis: Redis;
let clock: HeldClock;
let store: InMemoryDenialStore;
let links: RedisLink[];

beforeAll(async () => {
  server = await startRedisServer();
  bridge = await startUpstashBridge(server.url);
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await bridge.close();
  await server.remove();
});
beforeEach(async () => {
  await redis.flushdb();
  clock = new HeldClock();
  store = new InMemoryDenialStore();
  links = [];
});
afterEach(() => Promise.all(links.map((link) => link.close())));

const denialOf = (kind: Denial["kind"], value: string, seconds = 600): Denial => ({
  kind,
  value,
  expiresAt: addSeconds(clock.now(), seconds),
});

interface Instance {
  denylist: Denylist;
  shared: SharedDenials;
  heard: DenylistSource[];
}

/** A process of its own, as far as the denylist goes. */
function startInstance(connection: RedisConnection, mode: "strict" | "replica" = "strict"): Instance {
  const link = openRedis(connection);
  links.push(link);
  const shared = new SharedDenials(patient(link), clock);
  const copy = new DenialCopy(store, clock);
  const heard: DenylistSource[] = [];
  const onAnswer = (source: DenylistSource) => void heard.push(source);
  return { denylist: new Denylist({ mode, store, copy, shared, clock, onAnswer }), shared, heard };
}

/** A busy machine is not what is tested here. */
const patient = (link: RedisLink): RedisLink => withCall(link, (work) => link.call(work, 5_000));

const withCall = (link: RedisLink, call: RedisLink["call"]): RedisLink =>
  Object.create(link, { call: { value: call } });

/** As an instance does again and again beside its requests. */
async function sync({ denylist }: Pick<Instance, "denylist">): Promise<void> {
  await Promise.all([denylist.sync(), denylist.refill()]);
}

/** As an instance revokes: the database first, then everybody else. */
async function revoke({ denylist }: Instance, denial: Denial): Promise<void> {
  await store.deny(denial);
  await denylist.publish([denial]);
}

const TRANSPORTS: [name: string, connection: () => RedisConnection][] = [
  ["Redis over TCP", () => ({ kind: "tcp", url: server.url })],
  ["Upstash over REST", () => ({ kind: "rest", url: bridge.url, token: bridge.token })],
];

describe.each(TRANSPORTS)("denials shared through %s", (_name, connection) => {
  let one: Instance;
  let other: Instance;
  beforeEach(async () => {
    one = startInstance(connection());
    other = startInstance(connection());
    await sync(one);
    await sync(other);
  });

  describe("of a process that ended before it could write them to Redis", () => {
    const inRedis = async () => (await redis.keys("*")).filter((key) => key.includes(TOKEN.sid));
    const denial = () => store.deny(denialOf("sid", TOKEN.sid));

    it("are written there by any other", async () => {
      await denial();
      await sync(one);
      await one.denylist.refill();
      expect(await inRedis()).toHaveLength(1);
    });

    it("are written there by the next one to start", async () => {
      await denial();
      const next = startInstance(connection());
      await next.denylist.start();
      await sync(next);
      expect(await inRedis()).toHaveLength(1);
    });
  });

  it.each(["jti", "sid", "kid"] as const)(
    "are refused by %s at the next request elsewhere, from Redis",
    async (kind) => {
      expect(await other.denylist.isDenied(TOKEN)).toBe(false);
      await revoke(one, denialOf(kind, TOKEN[kind]));
      store.isDown = true;
      expect(await other.denylist.isDenied(TOKEN)).toBe(true);
      expect(await other.denylist.isDenied(OTHER)).toBe(false);
      expect(await other.denylist.isDenied({ jti: TOKEN.sid, sid: TOKEN.kid, kid: TOKEN.jti })).toBe(false);
      expect(new Set(other.heard)).toEqual(new Set(["redis"]));
    },
  );

  it("expire in Redis as in the database", async () => {
    await revoke(one, denialOf("jti", TOKEN.jti, 600));
    const left = await redis.pttl("latchkey:denied:jti:token");
    expect(left).toBeGreaterThan(590_000);
    expect(left).toBeLessThanOrEqual(600_000);
  });

  it("may be those of a revoked secret, which outlive everybody", async () => {
    await revoke(one, denialOf("kid", TOKEN.kid, SECRET_DENIAL_SECONDS));
    expect(await other.denylist.isDenied(TOKEN)).toBe(true);
    expect(await redis.pttl("latchkey:denied:kid:key")).toBeGreaterThan((SECRET_DENIAL_SECONDS - 60) * 1000);
  });

  it("are many at once", async () => {
    const many = Array.from({ length: 1_234 }, (_, n) => denialOf("sid", `session-${n}`));
    await one.denylist.publish(many);
    expect(await redis.dbsize()).toBe(many.length + 1);
  });

  it("stay refused when Redis is emptied, and are in it again after the next sync", async () => {
    await revoke(one, denialOf("sid", TOKEN.sid));
    await redis.flushdb();
    expect(await other.denylist.isDenied(TOKEN)).toBe(true);
    expect(other.heard).toEqual(["postgres"]);
    expect(await other.denylist.state()).toBe("degraded");
    await sync(other);
    expect(await other.denylist.state()).toBe("ok");
    expect(await redis.get("latchkey:denied:sid:session")).toBe("1");
  });

  it("are not believed while another process is filling Redis", async () => {
    await revoke(one, denialOf("sid", TOKEN.sid));
    await redis.flushdb();
    await redis.set("latchkey:denylist:filling", "another process", "PX", 60_000);
    const late = startInstance(connection());
    await sync(late);
    expect(await redis.exists("latchkey:denylist:filled")).toBe(0);
    expect(await late.denylist.isDenied(OTHER)).toBe(false);
    expect(late.heard).toEqual(["postgres"]);
  });

  it.each([3, 4, 5])("are not believed when Redis was emptied before step %i of filling it", async (step) => {
    await store.deny(denialOf("sid", TOKEN.sid));
    await redis.flushdb();
    const link = openRedis(connection());
    links.push(link);
    let steps = 0;
    const emptiedMeanwhile = withCall(link, async (work) => {
      steps += 1;
      if (steps === step) await redis.flushdb();
      return link.call(work, 5_000);
    });
    const shared = new SharedDenials(emptiedMeanwhile, clock);
    await shared.fill(async () => [denialOf("sid", TOKEN.sid)]);
    expect(shared.isBelieved).toBe(false);
    expect(await other.denylist.isDenied(TOKEN)).toBe(true);
    await shared.fill(async () => [denialOf("sid", TOKEN.sid)]);
    expect(shared.isBelieved).toBe(true);
    expect(await shared.find(TOKEN)).toBe(true);
  });

  it("are not believed once Redis is seen to be another than the one that was filled", async () => {
    await redis.set("latchkey:denylist:filled", "an older run");
    expect(await other.shared.verify()).toBe(false);
    expect(await other.shared.find(TOKEN)).toBeNull();
    await sync(other);
    expect(await other.shared.find(TOKEN)).toBe(false);
  });

  it("are read from the database once this process alone fills Redis", async () => {
    await redis.flushdb();
    const read = store.readSince.bind(store);
    let reads = 0;
    store.readSince = async (...asked) => {
      reads += 1;
      const answer = await read(...asked);
      // Denied after the first read, and lost to Redis with it.
      if (reads === 1) await store.deny(denialOf("sid", TOKEN.sid));
      return answer;
    };
    await sync(one);
    expect(await redis.get("latchkey:denied:sid:session")).toBe("1");
  });

  it("are not believed while Redis may evict them", async () => {
    await revoke(one, denialOf("sid", TOKEN.sid));
    await redis.config("SET", "maxmemory-policy", "allkeys-lru");
    try {
      await other.shared.checkEviction();
      expect(other.shared.isEvicting).toBe(true);
      expect(await other.denylist.isDenied(TOKEN)).toBe(true);
      expect(other.heard).toEqual(["postgres"]);
      expect(await other.denylist.state()).toBe("degraded");
    } finally {
      await redis.config("SET", "maxmemory-policy", "noeviction");
    }
    await other.shared.checkEviction();
    expect(await other.denylist.state()).toBe("ok");
  });

  it("answer alone while the database is down; when both are, nobody is let in", async () => {
    store.isDown = true;
    clock.pass(60);
    expect(await other.denylist.isDenied(TOKEN)).toBe(false);
    await redis.flushdb();
    await expect(other.denylist.isDenied(TOKEN)).rejects.toThrow("down");
    expect(await other.denylist.state()).toBe("unavailable");
  });

  it("fail closed when Redis is emptied while the database is down, and it is not filled from a copy that is old", async () => {
    store.isDown = true;
    await redis.flushdb();
    await expect(sync(other)).rejects.toThrow("down");
    expect(await redis.dbsize()).toBe(0);
  });
});

describe("a process that has lost its connection to Redis", () => {
  let one: Instance;
  beforeEach(async () => {
    one = startInstance({ kind: "tcp", url: server.url });
    await sync(one);
  });

  /** Asks until the connection has been lost and made again. */
  async function untilAnswered(ask: () => Promise<unknown>): Promise<void> {
    while ((await ask().catch(() => "not yet")) === "not yet");
  }

  it("does not believe one that was started again from an older snapshot", async () => {
    await redis.save();
    await revoke(one, denialOf("sid", TOKEN.sid));
    await server.kill();
    await server.start();
    await untilAnswered(() => redis.get("latchkey:denylist:filled"));
    expect(await redis.get("latchkey:denylist:filled")).not.toBeNull();
    const other = startInstance({ kind: "tcp", url: server.url });
    expect(await other.denylist.isDenied(TOKEN)).toBe(true);
    await vi.waitFor(async () => {
      expect(await one.denylist.isDenied(OTHER)).toBe(false);
      await sync(one);
      expect(await one.denylist.state()).toBe("ok");
    }, PATIENCE);
    expect(one.heard.filter((source) => source === "redis")).toEqual([]);
    expect(await redis.get("latchkey:denied:sid:session")).toBe("1");
  });

  it("believes the same one again, although the database is down", async () => {
    store.isDown = true;
    await redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await vi.waitFor(async () => {
      await expect(sync(one)).rejects.toThrow("down");
      expect(await one.denylist.isDenied(TOKEN)).toBe(false);
    }, PATIENCE);
  });
});

describe("a process that cannot reach Redis", () => {
  it("has every other instance refuse by the time its revocation is answered", async () => {
    const cutOff = startInstance(NOTHING_LISTENS);
    const other = startInstance({ kind: "tcp", url: server.url });
    await sync(other);
    const polling = setInterval(() => sync(other), 100);
    await revoke(cutOff, denialOf("sid", TOKEN.sid));
    clearInterval(polling);
    store.isDown = true;
    expect(await other.denylist.isDenied(TOKEN)).toBe(true);
  });

  it("does not believe Redis again before it has filled it", async () => {
    const one = startInstance({ kind: "tcp", url: server.url });
    await sync(one);
    // As when Redis refuses a write, and is whole otherwise: out of memory.
    await redis.config("SET", "maxmemory", "1");
    try {
      await revoke(one, denialOf("sid", TOKEN.sid));
      expect(await one.denylist.isDenied(OTHER)).toBe(false);
      expect(one.heard).toEqual(["postgres"]);
      await expect(sync(one)).rejects.toThrow();
    } finally {
      await redis.config("SET", "maxmemory", "0");
    }
    await sync(one);
    expect(await one.denylist.state()).toBe("ok");
    const late = startInstance({ kind: "tcp", url: server.url });
    expect(await late.shared.verify()).toBe(true);
    expect(await late.shared.find(TOKEN)).toBe(true);
  });

  it("is answered for by the database", async () => {
    const cutOff = startInstance(NOTHING_LISTENS);
    await store.deny(denialOf("jti", TOKEN.jti));
    expect(await cutOff.denylist.isDenied(TOKEN)).toBe(true);
    expect(await cutOff.denylist.state()).toBe("degraded");
  });
});

describe("a replica with Redis", () => {
  it("answers from memory while it is current, then Redis is asked, then nobody is left", async () => {
    const replica = startInstance({ kind: "tcp", url: server.url }, "replica");
    await sync(replica);
    await replica.denylist.isDenied(TOKEN);
    clock.pass(2);
    store.isDown = true;
    await replica.denylist.isDenied(TOKEN);
    expect(replica.heard).toEqual(["memory", "redis"]);
    await redis.flushdb();
    await expect(replica.denylist.isDenied(TOKEN)).rejects.toThrow("down");
  });
});

it("the database is read however long Redis keeps its caller waiting", async () => {
  const link = openRedis({ kind: "tcp", url: server.url });
  links.push(link);
  const shared = new SharedDenials(
    withCall(link, () => new Promise(() => {})),
    clock,
  );
  const copy = new DenialCopy(store, clock);
  const denylist = new Denylist({ mode: "strict", store, copy, shared, clock });
  void denylist.refill();
  await store.deny(denialOf("sid", "a session"));
  await denylist.sync();
  expect(copy.covers({ jti: "a token", sid: "a session", kid: "a key" })).toBe(true);
});
