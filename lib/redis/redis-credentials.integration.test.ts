import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RedisUnavailableError } from "./redis-link";
import { ask, type Stand, startStand } from "./testing/stand";

const refusalOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "accepted",
    (error) => error,
  );

describe("the password over tcp", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand("tcp");
    await stand.server.command("ACL", "SETUSER", "latchkey", "on", ">right p@ss", "~*", "+@all");
  });
  afterAll(() => stand.close());

  it("lets in", async () => {
    const link = stand.open({ user: "latchkey:right%20p%40ss@" });
    expect(await ask(link, (redis) => redis.set("a", "1"))).toBe("OK");
  });

  it("is refused when it is wrong, and not shown", async () => {
    const link = stand.open({ user: "latchkey:wrong-password@" });
    const refusal = await refusalOf(ask(link, (redis) => redis.get("a")));
    expect(refusal).toBeInstanceOf(RedisUnavailableError);
    expect(inspect(refusal, { depth: 9, showHidden: true })).toContain("WRONGPASS");
    expect(inspect(refusal, { depth: 9, showHidden: true })).not.toContain("wrong-password");
  });
});

describe("the token over rest", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand("rest");
  });
  afterAll(() => stand.close());

  it("is refused when it is wrong, and not shown", async () => {
    const link = stand.open({ token: "wrong-token" });
    const refusal = await refusalOf(ask(link, (redis) => redis.get("a")));
    expect(refusal).toBeInstanceOf(RedisUnavailableError);
    expect(inspect(refusal, { depth: 9, showHidden: true })).toContain("WRONGPASS");
    expect(inspect(refusal, { depth: 9, showHidden: true })).not.toContain("wrong-token");
  });
});
