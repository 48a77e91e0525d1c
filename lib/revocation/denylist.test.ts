import { beforeEach, describe, expect, it } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import { InMemoryDenialStore } from "@/lib/sessions/testing/in-memory-denial-store";
import { HeldClock } from "@/lib/sessions/testing/session-harness";
import type { Denial } from "./denial";
import { DenialCopy } from "./denial-copy";
import type { Denylist, DenylistSource } from "./denylist";
import { replicaDenylist, strictDenylist } from "./testing/denylists";

const TOKEN = { jti: "token", sid: "session", kid: "key" };
const OTHER = { jti: "another token", sid: "another session", kid: "another key" };

let clock: HeldClock;
let store: InMemoryDenialStore;
let heard: DenylistSource[];
beforeEach(() => {
  clock = new HeldClock();
  store = new InMemoryDenialStore();
  heard = [];
});

const denialOf = (kind: Denial["kind"], seconds = 610): Denial => ({
  kind,
  value: TOKEN[kind],
  expiresAt: addSeconds(clock.now(), seconds),
});

describe("a strict denylist without Redis", () => {
  it.each(["jti", "sid", "kid"] as const)(
    "sees at every request what any process has revoked by %s, until it expires",
    async (kind) => {
      const denylist = strictDenylist(store, clock);
      expect(await denylist.isDenied(TOKEN)).toBe(false);
      await store.deny(denialOf(kind, 60));
      expect(await denylist.isDenied(TOKEN)).toBe(true);
      expect(await denylist.isDenied(OTHER)).toBe(false);
      clock.pass(60);
      expect(await denylist.isDenied(TOKEN)).toBe(false);
    },
  );

  it("fails closed", async () => {
    store.isDown = true;
    await expect(strictDenylist(store, clock).isDenied(TOKEN)).rejects.toThrow("down");
  });

  it("refuses what this process has revoked, whoever is down", async () => {
    const denylist = strictDenylist(store, clock);
    await denylist.publish([denialOf("jti")]);
    store.isDown = true;
    expect(await denylist.isDenied(TOKEN)).toBe(true);
  });

  it("asks once in a request for one token, and once for each other", async () => {
    const denylist = strictDenylist(store, clock, heard);
    const answers = await denylist.duringRequest(() =>
      Promise.all(
        [TOKEN, { ...TOKEN }, OTHER, { ...TOKEN, kid: OTHER.kid }].map((token) => denylist.isDenied(token)),
      ),
    );
    expect(answers).toEqual([false, false, false, false]);
    expect(heard).toEqual(["postgres", "postgres", "postgres"]);
    await denylist.duringRequest(() => denylist.isDenied(TOKEN));
    expect(heard).toHaveLength(4);
  });

  it("refuses in the very request that revokes", async () => {
    const denylist = strictDenylist(store, clock);
    await denylist.duringRequest(async () => {
      expect(await denylist.isDenied(TOKEN)).toBe(false);
      await denylist.publish([denialOf("sid")]);
      expect(await denylist.isDenied(TOKEN)).toBe(true);
    });
  });

  it("does not cut a request off in the middle whose key is revoked, and refuses the next one", async () => {
    const denylist = strictDenylist(store, clock);
    await denylist.duringRequest(async () => {
      expect(await denylist.isDenied(TOKEN)).toBe(false);
      await denylist.publish([denialOf("kid")]);
      expect(await denylist.isDenied(TOKEN)).toBe(false);
      // Whoever would sign with the key hears of it.
      expect(await denylist.isDenied({ jti: "", sid: "", kid: TOKEN.kid })).toBe(true);
      await denylist.publish([denialOf("jti")]);
      expect(await denylist.isDenied(TOKEN)).toBe(true);
    });
    await denylist.duringRequest(async () => expect(await denylist.isDenied(TOKEN)).toBe(true));
  });

  it("is well while the database answers, and unavailable otherwise", async () => {
    const denylist = strictDenylist(store, clock);
    expect(await denylist.state()).toBe("ok");
    store.isDown = true;
    expect(await denylist.state()).toBe("unavailable");
  });
});

describe("a replica", () => {
  let replica: Denylist;
  beforeEach(async () => {
    replica = replicaDenylist(store, clock, heard);
    await replica.sync();
  });

  it.each(["jti", "sid", "kid"] as const)("refuses by %s at once what this process revoked", async (kind) => {
    expect(await replica.isDenied(TOKEN)).toBe(false);
    await replica.publish([denialOf(kind)]);
    expect(await replica.isDenied(TOKEN)).toBe(true);
    expect(await replica.isDenied(OTHER)).toBe(false);
    expect(await replica.isDenied({ jti: TOKEN.sid, sid: TOKEN.kid, kid: TOKEN.jti })).toBe(false);
    expect(new Set(heard)).toEqual(new Set(["memory"]));
  });

  it("sees after its next sync what another process revoked", async () => {
    await store.deny(denialOf("sid"));
    expect(await replica.isDenied(TOKEN)).toBe(false);
    await replica.sync();
    expect(await replica.isDenied(TOKEN)).toBe(true);
  });

  it("is full after its first sync", async () => {
    await store.deny(denialOf("sid"));
    const late = replicaDenylist(store, clock);
    await late.sync();
    store.isDown = true;
    expect(await late.isDenied(TOKEN)).toBe(true);
  });

  it("answers alone for a second after a sync, the last millisecond included", async () => {
    store.isDown = true;
    clock.pass(1);
    expect(await replica.isDenied(TOKEN)).toBe(false);
    expect(await replica.state()).toBe("ok");
  });

  it("is not believed later than that: the database is asked", async () => {
    await store.deny(denialOf("jti"));
    clock.pass(1.001);
    expect(await replica.isDenied(TOKEN)).toBe(true);
    expect(await replica.isDenied(OTHER)).toBe(false);
    expect(heard).toEqual(["postgres", "postgres"]);
    expect(await replica.state()).toBe("degraded");
  });

  it("is not believed before its first sync", async () => {
    await store.deny(denialOf("sid"));
    expect(await replicaDenylist(store, clock).isDenied(TOKEN)).toBe(true);
  });

  it("fails closed when it is stale and the database is down", async () => {
    clock.pass(1.001);
    store.isDown = true;
    await expect(replica.isDenied(TOKEN)).rejects.toThrow("down");
    expect(await replica.state()).toBe("unavailable");
  });

  it("refuses what it knows although it is stale and the database is down", async () => {
    await replica.publish([denialOf("sid")]);
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
    expect(await replica.isDenied(OTHER)).toBe(false);
  });

  it("is as old as the moment its sync began to read", async () => {
    const read = store.readSince.bind(store);
    store.readSince = async (...asked) => {
      const answer = await read(...asked);
      clock.pass(0.9);
      return answer;
    };
    await replica.sync();
    await store.deny(denialOf("sid"));
    clock.pass(0.101);
    expect(await replica.isDenied(TOKEN)).toBe(true);
  });
});

describe("the copy of the denials", () => {
  it("forgets a denial once it has expired", () => {
    const copy = new DenialCopy(store, clock);
    copy.learn([denialOf("jti", 60), denialOf("sid", 120)]);
    clock.pass(59.999);
    expect(copy.covers({ ...TOKEN, sid: OTHER.sid })).toBe(true);
    clock.pass(0.001);
    expect(copy.covers({ ...TOKEN, sid: OTHER.sid })).toBe(false);
    copy.forgetExpired();
    expect([...copy.entries()]).toEqual([denialOf("sid", 60)]);
    clock.pass(60);
    copy.forgetExpired();
    expect(copy.size).toBe(0);
  });

  it("keeps the later of two expiries of one denial, in whichever order it learns them", () => {
    const copy = new DenialCopy(store, clock);
    copy.learn([denialOf("sid", 600)]);
    copy.learn([denialOf("sid", 60)]);
    clock.pass(61);
    expect(copy.covers(TOKEN)).toBe(true);
  });

  it("tells how long each denial took to arrive, once, and not of those it began with", async () => {
    const lags: number[] = [];
    const copy = new DenialCopy(store, clock, (seconds) => lags.push(seconds));
    await store.deny(denialOf("jti"));
    await copy.sync();
    expect(lags).toEqual([]);
    await store.deny(denialOf("sid"));
    await copy.sync();
    await copy.sync();
    expect(lags).toHaveLength(1);
  });
});
