import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import { issueAccessToken } from "@/lib/tokens/issue";
import { ownProfile } from "@/lib/tokens/profiles";
import { verifyToken } from "@/lib/tokens/verify";
import { type Algorithm, isSymmetric } from "./algorithms";
import { HeldClock } from "./testing/held-clock";
import { DAY_SECONDS, kidOf, nameOf, publishedBy, signerOf, statesOf } from "./testing/key-story";
import { createTestKeys, TEST_SCHEDULE, type TestKeys } from "./testing/test-keys";

const NOW = new Date("2026-11-24T12:00:00Z");
const ORIGIN = "https://login.example.com";
const LIFETIME_SECONDS = 600;
const R = TEST_SCHEDULE.rotationSeconds;

interface Issued {
  token: string;
  kid: string;
  at: Date;
}

const subject = {
  userId: "8f9c1f5e-0c55-4a53-a6b5-6d5ef6b3a7b1",
  role: "user",
  sessionId: "c2Vzc2lvbi1pZC0xMjM0NQ",
  generation: 0,
  authenticatedAt: NOW,
  sessionExpiresAt: addSeconds(NOW, 365 * DAY_SECONDS),
} as const;

async function issue({ keyring }: TestKeys, at: Date): Promise<Issued> {
  const signer = await keyring.findSigner();
  const { accessToken } = await issueAccessToken(
    subject,
    ORIGIN,
    ownProfile("ES256", LIFETIME_SECONDS),
    signer,
    at,
  );
  return { token: accessToken, kid: signer.kid, at };
}

/** As another of our processes judges it. */
async function judge({ keyring }: TestKeys, { token }: Issued, now: Date): Promise<string> {
  const rules = {
    issuer: ORIGIN,
    audience: ORIGIN,
    profile: ownProfile("ES256", LIFETIME_SECONDS),
    clockToleranceSeconds: 10,
    algorithms: keyring.algorithms,
    findKey: (kid: string) => keyring.findVerificationKey(kid),
  };
  const verification = await verifyToken(token, rules, now);
  return verification.ok ? "accepted" : verification.reason;
}

/** As a service elsewhere does. */
const verifyByJwks = ({ keyring }: TestKeys, { token }: Issued, now: Date) =>
  jwtVerify(token, createLocalJWKSet(JSON.parse(keyring.jwks.body) as JSONWebKeySet), { currentDate: now });

const CHANGES: [from: Algorithm, to: Algorithm][] = [
  ["ES256", "RS256"],
  ["RS256", "EdDSA"],
  ["EdDSA", "ES256"],
  ["ES256", "HS256"],
  ["HS256", "EdDSA"],
];

describe.each(CHANGES)("SESSION_ALGORITHM changed from %s to %s", (from, to) => {
  /** Processes of both settings side by side, five days into the life of the first key. */
  async function change() {
    const clock = new HeldClock(NOW);
    const former = createTestKeys({ clock, algorithm: from });
    await former.open();
    clock.moveTo(addSeconds(NOW, 5 * DAY_SECONDS));
    await former.open();
    const keys = createTestKeys({ clock, store: former.store, algorithm: to });
    await keys.open();
    return { clock, former, keys, store: keys.store, changedAt: clock.now() };
  }

  it("goes on signing with the former key until the new one may sign", { timeout: 60_000 }, async () => {
    const { clock, keys, store, changedAt } = await change();
    expect([statesOf(store), signerOf(keys)]).toEqual(["active staged staged", "k1"]);
    clock.moveTo(addSeconds(changedAt, 899.999));
    await keys.open();
    expect(signerOf(keys)).toBe("k1");
    clock.moveTo(addSeconds(changedAt, 900));
    await keys.open();
    expect([statesOf(store), signerOf(keys)]).toEqual(["active staged active staged", "k3"]);
    expect(keys.keyring.signer.algorithm).toBe(to);
    expect(keys.keyring.algorithms).toEqual(new Set([from, to]));
  });

  it("does so also where the former key is long past its time", { timeout: 60_000 }, async () => {
    const clock = new HeldClock(NOW);
    const former = createTestKeys({ clock, algorithm: from });
    await former.open();
    clock.moveTo(addSeconds(NOW, R + 2 * DAY_SECONDS));
    const keys = createTestKeys({ clock, store: former.store, algorithm: to });
    await keys.open();
    expect([statesOf(keys.store), signerOf(keys)]).toEqual(["active retired staged", "k1"]);
    clock.advanceSeconds(900);
    await keys.open();
    expect([statesOf(keys.store), signerOf(keys)]).toEqual(["retiring retired active staged", "k3"]);
  });

  it("accepts every token until it expires, whichever process issued it", { timeout: 60_000 }, async () => {
    const { clock, former, keys, store } = await change();
    const begunAt = clock.now();
    let live: Issued[] = [];
    const signedBy = new Set<string>();
    for (let seconds = 0; seconds <= 2400; seconds += 120) {
      const now = addSeconds(begunAt, seconds);
      clock.moveTo(now);
      await former.open();
      await keys.open();
      live = live.filter(({ at }) => addSeconds(at, LIFETIME_SECONDS) > now);
      live.push(await issue(keys, now), await issue(former, now));
      for (const issued of live) {
        signedBy.add(nameOf(store, issued.kid));
        const where = `of ${nameOf(store, issued.kid)} after ${seconds} s`;
        expect(await judge(keys, issued, now), where).toBe("accepted");
        expect(await judge(former, issued, now), where).toBe("accepted");
        const { algorithm } = store.rows.find(({ kid }) => kid === issued.kid) ?? {};
        if (!isSymmetric(algorithm ?? from)) await verifyByJwks(keys, issued, now);
      }
    }
    expect(signedBy).toEqual(new Set(["k1", "k3"]));
  });

  it("clears the former keys away once they are of no use", { timeout: 60_000 }, async () => {
    const { clock, keys, store } = await change();
    clock.moveTo(addSeconds(NOW, R - 1));
    await keys.open();
    expect(statesOf(store)).toBe("active staged active staged");
    clock.moveTo(addSeconds(NOW, R + DAY_SECONDS));
    await keys.open();
    expect(statesOf(store)).toMatch(/^retiring retired active staged/);
    clock.advanceSeconds(990);
    await keys.open();
    expect(statesOf(store)).toMatch(/^retired retired active staged/);
    expect(await keys.keyring.findVerificationKey(kidOf(store, "k1"))).toBeNull();
    expect(publishedBy(keys)).not.toContain("k1");
    const started = createTestKeys({ clock, store, algorithm: to });
    await started.open();
    expect(started.keyring.algorithms).toEqual(new Set([to]));
  });

  it("changed back signs at once with the key it had, and makes none", { timeout: 60_000 }, async () => {
    const { clock, store } = await change();
    clock.advanceSeconds(3600);
    const back = createTestKeys({ clock, store, algorithm: from });
    await back.open();
    expect(signerOf(back)).toBe("k1");
    expect(statesOf(store)).toBe("active staged staged");
  });
});

it("takes a token of a former algorithm, when its keys are revoked, for one of an unknown key and not for a confused one", async () => {
  const clock = new HeldClock(NOW);
  const former = createTestKeys({ clock, algorithm: "RS256" });
  await former.open();
  const issued = await issue(former, NOW);
  const current = createTestKeys({ clock, store: former.store });
  await current.open();
  expect(await judge(current, issued, NOW)).toBe("accepted");
  for (const { kid, algorithm } of former.store.rows) {
    if (algorithm === "RS256") former.store.setState(kid, "revoked");
  }
  await current.keyring.load();
  expect(await judge(current, issued, NOW)).toBe("unknown_key");
});
