import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RedisUnavailableError } from "./redis-link";
import { ask, KINDS, type Stand, startStand } from "./testing/stand";

describe.each(KINDS)("Redis over %s", (kind) => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand(kind);
  });
  afterAll(() => stand.close());
  beforeEach(() => stand.server.flush());

  const texts = [
    "1",
    "01",
    "1e3",
    "-0",
    "9007199254740993",
    "null",
    "true",
    '{"a":1}',
    "[1,2]",
    '"quoted"',
    "OK",
    "T0s=",
    "UE9ORw==",
    "",
    " two  spaces ",
    "line\r\nline",
    "é✓🗝",
  ];

  it.each(texts)("gives %j back as it was", async (text) => {
    const link = stand.open();
    expect(await ask(link, (redis) => redis.set("a", text, { px: 60_000 }))).toBe("OK");
    expect(await ask(link, (redis) => redis.get("a"))).toBe(text);
    expect(await ask(link, (redis) => redis.mget("a", "missing", "a"))).toEqual([text, null, text]);
    expect(
      await ask(link, (redis) => redis.eval("return {ARGV[1], redis.call('GET', KEYS[1])}", ["a"], [text])),
    ).toEqual([text, text]);
    expect(await ask(link, (redis) => redis.pipeline().get("a").mget("a", "b").exec())).toEqual([
      text,
      [text, null],
    ]);
    expect(await stand.server.command("GET", "a")).toBe(text);
  });

  it("sets what expires", async () => {
    const link = stand.open();
    await ask(link, (redis) => redis.set("a", "1", { px: 60_000 }));
    expect(await ask(link, (redis) => redis.pttl("a"))).toBeGreaterThan(50_000);
    await ask(link, (redis) => redis.set("a", "1", { pxat: 1 }));
    expect(await ask(link, (redis) => redis.get("a"))).toBeNull();
  });

  it("sets what is not there, and deletes what is", async () => {
    const link = stand.open();
    const claim = (value: string) => ask(link, (redis) => redis.set("a", value, { nx: true, px: 60_000 }));
    expect(await claim("first")).toBe("OK");
    expect(await claim("second")).toBeNull();
    expect(await ask(link, (redis) => redis.get("a"))).toBe("first");
    expect(await ask(link, (redis) => redis.del("a", "b"))).toBe(1);
    expect(await claim("third")).toBe("OK");
  });

  it("answers a script with numbers, nothing and lists", async () => {
    const link = stand.open();
    const script = "return {1, false, {'a', 2}, KEYS[1], ARGV[2]}";
    expect(await ask(link, (redis) => redis.eval(script, ["k"], ["x", "7"]))).toEqual([
      1,
      null,
      ["a", 2],
      "k",
      "7",
    ]);
  });

  it("answers each command of a pipeline, also after one that failed", async () => {
    const link = stand.open();
    const answers = await ask(link, (redis) =>
      redis.pipeline().set("a", "x").incr("a").get("a").exec({ keepErrors: true }),
    );
    expect(answers).toMatchObject([
      { result: "OK" },
      { error: "ERR value is not an integer or out of range" },
      { result: "x" },
    ]);
    expect(answers[0]?.error).toBeUndefined();
    expect(answers[2]?.error).toBeUndefined();
  });

  it("rejects for a pipeline in which one command failed", async () => {
    const link = stand.open();
    const pipeline = ask(link, (redis) => redis.pipeline().set("a", "x").incr("a").set("b", "y").exec());
    await expect(pipeline).rejects.toThrow(/incr.*not an integer/);
    expect(await ask(link, (redis) => redis.mget("a", "b"))).toEqual(["x", "y"]);
  });

  it("does a transaction as a whole or not at all", async () => {
    const link = stand.open();
    expect(await ask(link, (redis) => redis.multi().set("a", "1").get("a").exec())).toEqual(["OK", "1"]);
    const refused = ask(link, (redis) => redis.multi().set("a", "2").mget([]).exec());
    await expect(refused).rejects.toThrow(/EXECABORT/);
    expect(await ask(link, (redis) => redis.get("a"))).toBe("1");
  });

  it("carries a thousand commands in one pipeline", async () => {
    const link = stand.open();
    await ask(link, (redis) => {
      const pipeline = redis.pipeline();
      for (let index = 0; index < 1000; index += 1) pipeline.set(`key:${index}`, "1", { px: 60_000 });
      return pipeline.exec();
    });
    expect(await stand.server.command("DBSIZE")).toBe(1000);
  });

  it("asks once for what one command asks, and once for a pipeline", async () => {
    const link = stand.open();
    await ask(link, (redis) => redis.get("a"));
    await stand.server.command("CONFIG", "RESETSTAT");
    const before = stand.wire.roundTrips();
    await ask(link, (redis) => redis.mget("marker", "jti", "sid"));
    expect(stand.wire.roundTrips() - before).toBe(1);
    await ask(link, (redis) => redis.pipeline().get("a").set("b", "1").exec());
    expect(stand.wire.roundTrips() - before).toBe(2);
    expect(await stand.server.command("INFO", "commandstats")).toContain("cmdstat_mget:calls=1,");
  });

  it("answers many callers at once, each with its own", async () => {
    const link = stand.open();
    const names = Array.from({ length: 200 }, (_, index) => `value ${index}`);
    const answers = names.map((name) => ask(link, (redis) => redis.eval("return ARGV[1]", [], [name])));
    expect(await Promise.all(answers)).toEqual(names);
  });

  it("rejects for an error of the server", async () => {
    const link = stand.open();
    await ask(link, (redis) => redis.lpush("list", "a"));
    const call = ask(link, (redis) => redis.get("list"));
    await expect(call).rejects.toThrow(RedisUnavailableError);
    await expect(call).rejects.toThrow(/WRONGTYPE/);
  });

  it("rejects for a write that the server has no memory for", async () => {
    const link = stand.open();
    await stand.server.command("CONFIG", "SET", "maxmemory", "1");
    try {
      await expect(ask(link, (redis) => redis.set("a", "1", { px: 1000 }))).rejects.toThrow(/OOM/);
      expect(await ask(link, (redis) => redis.get("a"))).toBeNull();
    } finally {
      await stand.server.command("CONFIG", "SET", "maxmemory", "0");
    }
  });
});
