import { describe, expect, it, test } from "vitest";
import { type Actor, COMMAND_LINE } from "@/lib/audit/actor";
import { addSeconds } from "@/lib/crypto/clock";
import { requestRotation } from "./rotation";
import { HeldClock } from "./testing/held-clock";
import { DAY_SECONDS, kidOf, publishedBy, signerOf, statesOf } from "./testing/key-story";
import { createTestKeys, TEST_SCHEDULE } from "./testing/test-keys";

const NOW = new Date("2026-11-24T12:00:00Z");
const R = TEST_SCHEDULE.rotationSeconds;
const ADMIN: Actor = {
  userId: "00000000-0000-4000-8000-0000000000ad",
  sessionId: "c2Vzc2lvbi1pZC0xMjM0NQ",
  client: { ip: "192.0.2.1", userAgent: "Firefox" },
};
const at = (seconds: number): Date => addSeconds(NOW, seconds);

/** Keys that were first made at `NOW`. */
async function openTestKeys() {
  const clock = new HeldClock(NOW);
  const keys = createTestKeys({ clock });
  await keys.open();
  const openAt = async (seconds: number) => {
    clock.moveTo(at(seconds));
    await keys.open();
  };
  const requestAt = async (seconds: number, note: string | null = null) => {
    clock.moveTo(at(seconds));
    return requestRotation(keys, ADMIN, note);
  };
  return { clock, keys, store: keys.store, openAt, requestAt };
}

describe("rotate now", () => {
  test.each<[askedAt: number, signsFrom: number]>([
    [0, 900],
    [100, 900],
    [899.999, 900],
    [900, 900],
    [901, 901],
    [5 * DAY_SECONDS, 5 * DAY_SECONDS],
    [R - 1, R - 1],
  ])("asked %d s after the first start: the staged key signs from %d s", async (askedAt, signsFrom) => {
    const { keys, store, openAt, requestAt } = await openTestKeys();
    const requested = await requestAt(askedAt);
    expect(requested).toEqual({ kid: kidOf(store, "k2"), signsFrom: at(signsFrom) });
    if (signsFrom > askedAt) {
      await openAt(signsFrom - 0.001);
      expect(statesOf(store)).toBe("active staged");
      expect(signerOf(keys)).toBe("k1");
      expect(keys.keyring.jwks.maxAgeSeconds).toBe(0);
      await openAt(signsFrom);
    }
    expect(statesOf(store)).toBe("retiring active staged");
    expect(signerOf(keys)).toBe("k2");
    expect(publishedBy(keys)).toBe("k1 k2 k3");
    expect(store.rows[2]?.activatesAt).toEqual(at(signsFrom + R));
  });

  it("shortens the max-age of the JWKS at once, so that nobody keeps it past the change", async () => {
    const { keys, requestAt } = await openTestKeys();
    await requestAt(800);
    expect(keys.keyring.jwks.maxAgeSeconds).toBe(100);
  });

  it("asked twice is the same rotation, not a later one nor a second", async () => {
    const { store, openAt, requestAt } = await openTestKeys();
    const first = await requestAt(0);
    expect(await requestAt(600)).toEqual(first);
    await openAt(900);
    expect(statesOf(store)).toBe("retiring active staged");
  });

  it("asked again after it happened rotates to the next key, which is staged first", async () => {
    const { store, requestAt } = await openTestKeys();
    await requestAt(1000);
    expect(await requestAt(1001)).toEqual({ kid: kidOf(store, "k3"), signsFrom: at(1900) });
    expect(statesOf(store)).toBe("retiring active staged");
  });

  it("asked of a rotation that is due already takes that one, and says when the next may be", async () => {
    const { store, requestAt } = await openTestKeys();
    expect(await requestAt(R)).toEqual({ kid: kidOf(store, "k3"), signsFrom: at(R + 900) });
    expect(statesOf(store)).toBe("retiring active staged");
  });

  it("is seen by other processes when they look next", async () => {
    const { clock, store, requestAt } = await openTestKeys();
    const other = createTestKeys({ clock, store });
    await other.open();
    await requestAt(1000);
    expect(signerOf(other)).toBe("k1");
    await other.open();
    expect(signerOf(other)).toBe("k2");
    expect(statesOf(store)).toBe("retiring active staged");
  });

  it("asked of a process that has not read its keys yet reads them", async () => {
    const { clock, store } = await openTestKeys();
    clock.advanceSeconds(1000);
    const { kid } = await requestRotation(createTestKeys({ clock, store }), COMMAND_LINE, null);
    expect(kid).toBe(kidOf(store, "k2"));
    expect(statesOf(store)).toBe("retiring active staged");
  });

  it("is recorded with who asked, why, and from when the key signs", async () => {
    const { keys, store, requestAt } = await openTestKeys();
    await requestAt(0, "a laptop was stolen");
    expect(store.events.at(-1)).toEqual({
      at: NOW,
      type: "signing_key.rotation_requested",
      actorId: ADMIN.userId,
      userId: null,
      sessionId: ADMIN.sessionId,
      client: ADMIN.client,
      details: {
        kid: kidOf(store, "k2"),
        algorithm: "ES256",
        signsFrom: at(900).toISOString(),
        note: "a laptop was stolen",
      },
    });
    await requestRotation(keys, COMMAND_LINE, null);
    expect(store.events.at(-1)).toMatchObject({ actorId: null, client: null, details: { note: null } });
  });

  it("that cannot be written changes nothing", async () => {
    const { keys, store, requestAt } = await openTestKeys();
    const before = store.rows;
    store.isDown = true;
    await expect(requestAt(1000)).rejects.toThrow("cannot be reached");
    store.isDown = false;
    expect(store.rows).toEqual(before);
    expect(signerOf(keys)).toBe("k1");
  });
});

describe("a period that is set anew", () => {
  /** The same keys, in a process with another KEY_ROTATION_DAYS. */
  async function restartAt(seconds: number, days: number) {
    const { clock, store } = await openTestKeys();
    clock.moveTo(at(seconds));
    const schedule = { ...TEST_SCHEDULE, rotationSeconds: days * DAY_SECONDS };
    const keys = createTestKeys({ clock, store, schedule });
    await keys.open();
    return { clock, keys, store };
  }

  test.each<[name: string, seconds: number, days: number, activatesAt: number]>([
    ["shorter", 100, 1, DAY_SECONDS],
    ["shorter, late in its life", 10 * DAY_SECONDS, 11, 11 * DAY_SECONDS],
    ["the same", 100, 30, R],
    ["longer: the rotation that is planned stays", 100, 365, R],
  ])("%s", async (_name, seconds, days, activatesAt) => {
    const { keys, store } = await restartAt(seconds, days);
    expect(statesOf(store)).toBe("active staged");
    expect(store.rows[1]?.activatesAt).toEqual(at(activatesAt));
    expect(signerOf(keys)).toBe("k1");
  });

  it("rotates at once where the key has signed for longer than that, to the key that was staged", async () => {
    const { keys, store } = await restartAt(10 * DAY_SECONDS, 1);
    expect(statesOf(store)).toBe("retiring active staged");
    expect(signerOf(keys)).toBe("k2");
    expect(store.rows[2]?.activatesAt).toEqual(at(11 * DAY_SECONDS));
  });

  it("never lets a key sign before it was published for 900 s", async () => {
    const { clock, store } = await openTestKeys();
    clock.moveTo(at(R));
    const keys = createTestKeys({ clock, store, schedule: { ...TEST_SCHEDULE, rotationSeconds: 60 } });
    await keys.open();
    await keys.open();
    expect(statesOf(store)).toBe("retiring active staged");
    expect(store.rows[2]?.activatesAt).toEqual(at(R + 900));
  });

  it("counts from the next rotation on where it is longer", async () => {
    const { clock, keys, store } = await restartAt(0, 365);
    clock.moveTo(at(R));
    await keys.open();
    expect(store.rows[2]?.activatesAt).toEqual(at(R + 365 * DAY_SECONDS));
  });
});
