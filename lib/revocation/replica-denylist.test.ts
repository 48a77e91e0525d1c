import { beforeEach, describe, expect, it } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import { InMemoryDenialStore } from "@/lib/sessions/testing/in-memory-denial-store";
import { HeldClock } from "@/lib/sessions/testing/session-harness";
import type { Denial } from "./denial";
import { ReplicaDenylist } from "./replica-denylist";

const TOKEN = { jti: "token", sid: "session" };

let clock: HeldClock;
let store: InMemoryDenialStore;
let replica: ReplicaDenylist;
beforeEach(async () => {
  clock = new HeldClock();
  store = new InMemoryDenialStore();
  replica = new ReplicaDenylist(store, clock);
  await replica.sync();
});

const denialOf = (kind: Denial["kind"], seconds = 610): Denial => ({
  kind,
  value: kind === "jti" ? TOKEN.jti : TOKEN.sid,
  expiresAt: addSeconds(clock.now(), seconds),
});

describe("a replica of the denylist", () => {
  it.each(["jti", "sid"] as const)("refuses by %s at once what this process revoked", async (kind) => {
    expect(await replica.isDenied(TOKEN)).toBe(false);
    replica.learn([denialOf(kind)]);
    expect(await replica.isDenied(TOKEN)).toBe(true);
    expect(await replica.isDenied({ jti: "another token", sid: "another session" })).toBe(false);
    expect(await replica.isDenied({ jti: TOKEN.sid, sid: TOKEN.jti })).toBe(false);
  });

  it("sees after its next sync what another process revoked", async () => {
    await store.deny(denialOf("sid"));
    expect(await replica.isDenied(TOKEN)).toBe(false);
    await replica.sync();
    expect(await replica.isDenied(TOKEN)).toBe(true);
  });

  it("is full after its first sync", async () => {
    await store.deny(denialOf("sid"));
    await store.deny(denialOf("jti"));
    const late = new ReplicaDenylist(store, clock);
    await late.sync();
    store.isDown = true;
    expect(await late.isDenied(TOKEN)).toBe(true);
    expect(late.size).toBe(2);
  });

  it("answers alone for a second after a sync, the last millisecond included", async () => {
    store.isDown = true;
    clock.pass(1);
    expect(await replica.isDenied(TOKEN)).toBe(false);
  });

  it("is not believed later than that: the database is asked", async () => {
    await store.deny(denialOf("jti"));
    clock.pass(1.001);
    expect(await replica.isDenied(TOKEN)).toBe(true);
    expect(await replica.isDenied({ jti: "another token", sid: "another session" })).toBe(false);
  });

  it("is not believed before its first sync", async () => {
    await store.deny(denialOf("sid"));
    expect(await new ReplicaDenylist(store, clock).isDenied(TOKEN)).toBe(true);
  });

  it("fails closed when it is stale and the database is down", async () => {
    clock.pass(1.001);
    store.isDown = true;
    await expect(replica.isDenied(TOKEN)).rejects.toThrow("down");
  });

  it("refuses what it knows although it is stale and the database is down", async () => {
    replica.learn([denialOf("sid")]);
    clock.pass(300);
    store.isDown = true;
    expect(await replica.isDenied(TOKEN)).toBe(true);
  });

  it("stays stale when a sync fails, and catches up with the next", async () => {
    store.isDown = true;
    clock.pass(1.001);
    await expect(replica.sync()).rejects.toThrow("down");
    await expect(replica.isDenied(TOKEN)).rejects.toThrow("down");
    store.isDown = false;
    await store.deny(denialOf("sid"));
    await replica.sync();
    store.isDown = true;
    expect(await replica.isDenied(TOKEN)).toBe(true);
    expect(await replica.isDenied({ jti: "another token", sid: "another session" })).toBe(false);
  });

  it("is as old as the moment its sync began to read", async () => {
    const slow = new InMemoryDenialStore();
    const read = slow.readSince.bind(slow);
    slow.readSince = async (...asked) => {
      const answer = await read(...asked);
      clock.pass(0.9);
      return answer;
    };
    const behind = new ReplicaDenylist(slow, clock);
    await behind.sync();
    await slow.deny(denialOf("sid"));
    clock.pass(0.101);
    expect(await behind.isDenied(TOKEN)).toBe(true);
  });

  it("forgets a denial once it has expired", async () => {
    replica.learn([denialOf("jti", 60), denialOf("sid", 120)]);
    clock.pass(59.999);
    expect(await replica.isDenied({ ...TOKEN, sid: "another session" })).toBe(true);
    clock.pass(0.001);
    await replica.sync();
    expect(await replica.isDenied({ ...TOKEN, sid: "another session" })).toBe(false);
    expect(replica.size).toBe(1);
    clock.pass(60);
    await replica.sync();
    expect(replica.size).toBe(0);
  });

  it("keeps the later of two expiries of one denial, in whichever order it learns them", async () => {
    replica.learn([denialOf("sid", 600)]);
    replica.learn([denialOf("sid", 60)]);
    clock.pass(61);
    await replica.sync();
    expect(await replica.isDenied(TOKEN)).toBe(true);
  });
});
