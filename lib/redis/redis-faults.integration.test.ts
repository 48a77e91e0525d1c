import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { REDIS_DEADLINE_MS } from "../config/durations";
import { openRedis, type Redis, type RedisLink, RedisUnavailableError } from "./redis-link";
import {
  ask,
  KINDS,
  PATIENT_MS,
  type Stand,
  startStand,
  untilAnswered,
  untilCircuitOpens,
} from "./testing/stand";

const get = (redis: Redis) => redis.get<string>("a");

/** Time for a busy machine, and none to lose on a connection that stays silent. */
const RETRY_MS = 1_000;

describe.each(KINDS)("a fault of Redis over %s", (kind) => {
  let stand: Stand;
  let link: RedisLink;
  let observed: number[];
  beforeEach(async () => {
    observed = [];
    stand = await startStand(kind);
    link = stand.open({ observer: { observe: (seconds) => observed.push(seconds) } });
    await ask(link, (redis) => redis.set("a", "1"));
  });
  afterEach(() => stand.close());

  it("is noticed at the deadline of a call", async () => {
    await stand.server.pause();
    await expect(link.call(get)).rejects.toThrow(RedisUnavailableError);
    const seconds = observed.at(-1) ?? 0;
    expect(seconds).toBeGreaterThan((REDIS_DEADLINE_MS - 5) / 1000);
    expect(seconds).toBeLessThan(1);
    await stand.server.resume();
    await untilAnswered(() => ask(link, get));
  });

  it("ends what a call still wanted to ask after its deadline", async () => {
    let remains: Promise<unknown> = Promise.resolve();
    const work = (redis: Redis) => {
      remains = redis.get("a").then(
        () => redis.set("late", "1"),
        () => redis.set("late", "1"),
      );
      return remains;
    };
    await stand.server.pause();
    await expect(link.call(work)).rejects.toThrow(RedisUnavailableError);
    const refused = expect(remains).rejects.toThrow();
    await stand.server.resume();
    await refused;
    expect(await stand.server.command("EXISTS", "late")).toBe(0);
  });

  it("opens the circuit after five calls, and then costs nothing", async () => {
    await stand.server.pause();
    for (const isOpen of [false, false, false, false, true]) {
      await expect(link.call(get)).rejects.toThrow(RedisUnavailableError);
      expect(link.isCircuitOpen).toBe(isOpen);
    }
    const asked = observed.length;
    let isAsked = false;
    const call = link.call(async () => {
      isAsked = true;
    });
    await expect(call).rejects.toThrow(RedisUnavailableError);
    expect(isAsked).toBe(false);
    expect(observed.length).toBe(asked);
  });

  it("is tried by one caller while the others are told at once", async () => {
    await stand.server.pause();
    await untilCircuitOpens(link);
    const attempts: Promise<unknown>[] = [];
    let isTried = false;
    const attempt = (redis: Redis) => {
      isTried = true;
      return get(redis);
    };
    while (!isTried) {
      const call = link.call(attempt, PATIENT_MS).catch(() => {});
      attempts.push(call);
      await new Promise(setImmediate);
    }
    expect(link.isCircuitOpen).toBe(true);
    const asked = observed.length;
    await expect(link.call(get)).rejects.toThrow(RedisUnavailableError);
    expect(observed.length).toBe(asked);
    await stand.server.resume();
    await Promise.all(attempts);
    await untilAnswered(() => ask(link, get));
    expect(link.isCircuitOpen).toBe(false);
  });

  it("does not open the circuit when answers come in between", async () => {
    const wrong = () => link.call((redis) => redis.exec(["no-such-command"]), PATIENT_MS).catch(() => {});
    for (let round = 0; round < 3; round += 1) {
      for (let failure = 0; failure < 4; failure += 1) await wrong();
      expect(await ask(link, get)).toBe("1");
    }
    expect(link.isCircuitOpen).toBe(false);
  });

  it("is noticed by a call that waits when the server is killed", async () => {
    await stand.server.pause();
    const refused = expect(link.call(get, PATIENT_MS)).rejects.toThrow(RedisUnavailableError);
    await stand.server.kill();
    await refused;
    expect(observed.at(-1)).toBeLessThan(PATIENT_MS / 1000 / 2);
  });

  it("does not make a command be done twice", async () => {
    await stand.server.pause();
    await expect(link.call((redis) => redis.incr("count"))).rejects.toThrow(RedisUnavailableError);
    await untilCircuitOpens(link);
    await untilTriedAgain(link);
    await stand.server.resume();
    await untilAnswered(() => ask(link, get));
    expect(["1", null]).toContain(await ask(link, (redis) => redis.get("count")));
  });

  it("is over when the server was killed and runs again", async () => {
    await stand.server.kill();
    await untilCircuitOpens(link);
    await stand.server.start();
    await untilAnswered(() => ask(link, get));
    expect(await ask(link, get)).toBeNull();
    expect(link.isCircuitOpen).toBe(false);
  });

  it("is over when the server was paused and goes on", async () => {
    await stand.server.pause();
    await untilCircuitOpens(link);
    await stand.server.resume();
    await untilAnswered(() => ask(link, get));
    expect(await ask(link, get)).toBe("1");
  });

  it("is over when the network carries again, though connections of before stay silent", async () => {
    stand.wire.swallow();
    await untilCircuitOpens(link);
    stand.wire.pass();
    await untilAnswered(() => link.call(get, RETRY_MS));
    expect(await ask(link, get)).toBe("1");
  });

  it("is over after a network that was silent while connections were made", async () => {
    stand.wire.swallow();
    for (const _round of [1, 2]) await untilTriedAgain(link);
    stand.wire.pass();
    await untilAnswered(() => link.call(get, RETRY_MS));
  });

  it("does not keep a link from being closed", async () => {
    await stand.server.pause();
    const pending = Promise.allSettled([link.call(get, PATIENT_MS)]);
    await link.close();
    await expect(link.call(get)).rejects.toThrow(/is closed/);
    await stand.server.resume();
    await pending;
  });
});

describe.each(KINDS)("a link over %s", (kind) => {
  it("to nobody fails, recovers when somebody is there, and can be closed before", async () => {
    const stand = await startStand(kind);
    try {
      await stand.server.kill();
      await stand.open().close();
      const link = stand.open();
      await untilCircuitOpens(link);
      await stand.open().close();
      await stand.server.start();
      await untilAnswered(() => ask(link, get));
      await link.close();
      await link.close();
    } finally {
      await stand.close();
    }
  });
});

describe("a link over tcp", () => {
  it("that was closed leaves no connection", async () => {
    const stand = await startStand("tcp");
    try {
      const link = openRedis(stand.connection);
      await ask(link, get);
      await link.close();
      const ours = async () =>
        String(await stand.server.command("CLIENT", "LIST"))
          .trim()
          .split("\n").length;
      while ((await ours()) > 1) await new Promise(setImmediate);
    } finally {
      await stand.close();
    }
  });

  it("counts an answer that has arrived while this process was busy", async () => {
    const stand = await startStand("tcp");
    try {
      const link = openRedis({ kind: "tcp", url: stand.server.url });
      const askAndBeBusy = (redis: Redis) => {
        const asked = redis.set("a", "1");
        setImmediate(() => {
          const end = performance.now() + 4 * REDIS_DEADLINE_MS;
          while (performance.now() < end);
        });
        return asked;
      };
      // On a busy machine the answer may arrive only later, which says nothing.
      await untilAnswered(async () => {
        await ask(link, get);
        return link.call(askAndBeBusy);
      });
      await link.close();
    } finally {
      await stand.close();
    }
  });
});

/** Until the circuit has let one call through to try. */
async function untilTriedAgain(link: RedisLink): Promise<void> {
  let isTried = false;
  while (!isTried) {
    const attempt = (redis: Redis) => {
      isTried = true;
      return get(redis);
    };
    await link.call(attempt).catch(() => new Promise(setImmediate));
  }
}
