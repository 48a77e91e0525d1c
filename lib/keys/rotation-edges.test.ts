import { expect, it, test } from "vitest";
import { COMMAND_LINE } from "@/lib/audit/actor";
import { KEY_RETIRING_SECONDS, KEYRING_STALE_SECONDS } from "@/lib/config/durations";
import { addSeconds, secondsBetween } from "@/lib/crypto/clock";
import type { Algorithm } from "./algorithms";
import { rewrapKeys } from "./rewrap-keys";
import { requestRotation } from "./rotation";
import { HeldClock } from "./testing/held-clock";
import { SECOND, SHARED } from "./testing/key-scripts";
import { DAY_SECONDS, kidOf, signerOf, statesOf } from "./testing/key-story";
import { KeyWorld } from "./testing/key-world";
import { createTestKeys, TEST_SCHEDULE } from "./testing/test-keys";

// What random lives of keys have come upon (lifecycle-properties.test.ts), each on its own.

const NOW = new Date("2026-11-24T12:00:00Z");

async function openFirstKeys(algorithm: Algorithm = "ES256") {
  const clock = new HeldClock(NOW);
  const keys = createTestKeys({ clock, secrets: [SHARED], algorithm });
  await keys.open();
  return { clock, keys, store: keys.store };
}

it("a process whose staged key is taken from it as it reaches for it makes one, and signs", async () => {
  const { keys, store } = await openFirstKeys();
  store.setState(kidOf(store, "k1"), "revoked");
  const { atomically } = keys;
  keys.atomically = (work) => {
    store.setState(kidOf(store, "k2"), "revoked");
    return atomically(work);
  };
  await keys.open();
  expect(statesOf(store)).toBe("revoked revoked active staged");
  expect(signerOf(keys)).toBe("k3");
});

it("rewrapping stops a key that somebody who cannot open the others has begun to sign with meanwhile", async () => {
  const { clock, keys: former, store } = await openFirstKeys("HS256");
  clock.advanceSeconds(TEST_SCHEDULE.rotationSeconds);
  await former.open();
  clock.advanceSeconds(60);
  await createTestKeys({ clock, store, secrets: [SECOND], algorithm: "HS256" }).open();
  expect(statesOf(store)).toBe("retiring active staged active staged");
  const keys = createTestKeys({ clock, store, secrets: [SECOND, SHARED], algorithm: "HS256" });
  for await (const { problem } of rewrapKeys(keys, keys.sealed, COMMAND_LINE)) {
    expect(problem).toBeNull();
    clock.advanceSeconds(1);
    await former.open();
  }
  expect(statesOf(store)).toMatch(/^retiring retiring (active|retiring) (active|retiring) staged/);
  const custodies = store.rows.slice(0, 5).map(({ custody }) => custody);
  expect(new Set(custodies).size).toBe(1);
});

it("a key that is revoked just after another algorithm was set is followed by one that services know", async () => {
  const { clock, store } = await openFirstKeys();
  clock.advanceSeconds(DAY_SECONDS);
  const keys = createTestKeys({ clock, store, secrets: [SHARED], algorithm: "EdDSA" });
  await keys.open();
  expect(statesOf(store)).toBe("active staged staged");
  store.setState(kidOf(store, "k1"), "revoked");
  await keys.open();
  expect(statesOf(store)).toBe("revoked active staged");
  expect(signerOf(keys)).toBe("k2");
  clock.advanceSeconds(TEST_SCHEDULE.stagedSeconds);
  await keys.open();
  expect(signerOf(keys)).toBe("k3");
});

it("a rotation that is asked for after the clock was set back by a year does not wait for a year", async () => {
  const { clock, keys, store } = await openFirstKeys();
  clock.advanceSeconds(-365 * DAY_SECONDS);
  const { signsFrom } = await requestRotation(keys, COMMAND_LINE, null);
  expect(signsFrom).toEqual(addSeconds(clock.now(), TEST_SCHEDULE.stagedSeconds));
  clock.moveTo(signsFrom);
  await keys.open();
  expect(signerOf(keys)).toBe("k2");
  expect(statesOf(store)).toBe("retiring active staged");
});

/** Seconds by which the clock of the issuer is ahead and that of the verifier behind; and until the issuer is told. */
const EXTREMES = [-30, 0, 30].flatMap((ahead) => [-30, 0, 30].map((behind) => ({ ahead, behind })));

test.each(EXTREMES)(
  "the last token of a key is accepted to its last second: issuer $ahead s ahead, verifier $behind s behind",
  async ({ ahead, behind }) => {
    const common = { secrets: [SHARED], algorithm: "ES256", rotationDays: 1, hasSigner: false } as const;
    const world = new KeyWorld([
      { ...common, skewSeconds: ahead },
      { ...common, skewSeconds: -behind },
    ]);
    const [issuer, verifier] = world.processes;
    await issuer?.poll();
    world.truth.advanceSeconds(DAY_SECONDS - 0.001);
    await issuer?.poll();
    world.truth.advanceSeconds(0.001);
    await verifier?.poll();
    world.truth.advanceSeconds(KEYRING_STALE_SECONDS - 0.001);
    const token = await issuer?.issue(null);
    expect(token?.kid).toBe(kidOf(world.store, "k1"));
    if (!token || !verifier) throw new Error("A token was expected.");
    expect(verifier.keys?.keyring.signer.kid).toBe(kidOf(world.store, "k2"));
    world.truth.advanceSeconds(secondsBetween(verifier.clock.now(), token.expiresAt) - 0.001);
    await verifier.poll();
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    expect(verifier.keys?.keyring.jwks.body).toContain(token.kid);
    world.truth.advanceSeconds(KEY_RETIRING_SECONDS);
    await verifier.poll();
    expect(await verifier.verify(token)).toMatchObject({ ok: false });
    expect(verifier.keys?.keyring.jwks.body).not.toContain(token.kid);
  },
);
