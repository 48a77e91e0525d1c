import { expect, it } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import { InMemoryDenialStore } from "@/lib/sessions/testing/in-memory-denial-store";
import { HeldClock } from "@/lib/sessions/testing/session-harness";
import { StrictDenylist } from "./denylist";

const TOKEN = { jti: "token", sid: "session" };

it("a strict denylist sees at every request what any process has revoked, until it expires", async () => {
  const clock = new HeldClock();
  const store = new InMemoryDenialStore();
  const denylist = new StrictDenylist(store, clock);
  expect(await denylist.isDenied(TOKEN)).toBe(false);
  await store.deny({ kind: "sid", value: TOKEN.sid, expiresAt: addSeconds(clock.now(), 60) });
  expect(await denylist.isDenied(TOKEN)).toBe(true);
  clock.pass(60);
  expect(await denylist.isDenied(TOKEN)).toBe(false);
});

it("a strict denylist fails closed", async () => {
  const store = new InMemoryDenialStore();
  store.isDown = true;
  await expect(new StrictDenylist(store, new HeldClock()).isDenied(TOKEN)).rejects.toThrow("down");
});
