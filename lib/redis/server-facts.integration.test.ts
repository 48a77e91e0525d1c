import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readEvictionPolicy } from "./server-facts";
import { ask, KINDS, type Stand, startStand } from "./testing/stand";

describe.each(KINDS)("the eviction policy over %s", (kind) => {
  let stand: Stand;
  let operator: Redis;
  beforeAll(async () => {
    stand = await startStand(kind);
    operator = new Redis(stand.server.url, { enableReadyCheck: false });
  });
  afterAll(async () => {
    operator.disconnect();
    await stand.close();
  });
  beforeEach(() => operator.call("ACL", "SETUSER", "default", "+@all"));

  const read = () => ask(stand.open(), readEvictionPolicy);
  const forbid = (...commands: string[]) =>
    operator.call("ACL", "SETUSER", "default", ...commands.map((name) => `-${name}`));

  it.each(["noeviction", "allkeys-lru", "volatile-ttl"])("is %s", async (policy) => {
    await operator.config("SET", "maxmemory-policy", policy);
    expect(await read()).toBe(policy);
    await forbid("config");
    expect(await read()).toBe(policy);
  });

  it("is not known of a server that does not tell", async () => {
    await forbid("config", "info");
    expect(await read()).toBeNull();
  });

  it("is not taken for untold when nothing is answered at all", async () => {
    await forbid("config", "info", "ping");
    await expect(read()).rejects.toThrow(/NOPERM/);
  });
});
