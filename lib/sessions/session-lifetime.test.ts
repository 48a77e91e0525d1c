import { beforeEach, describe, expect, it, test } from "vitest";
import { addSeconds, secondsBetween } from "@/lib/crypto/clock";
import { authenticate } from "./authenticate";
import type { Credentials } from "./credentials";
import { refreshSession } from "./refresh-session";
import { sessionState } from "./session";
import { startSession } from "./start-session";
import {
  ADA,
  BROWSER,
  createHarness,
  IDLE_SECONDS,
  MAX_SECONDS,
  type SessionHarness,
} from "./testing/session-harness";

const REFUSED = { code: "invalid_refresh_token" };

let harness: SessionHarness;
beforeEach(() => {
  harness = createHarness();
});
const logIn = () => startSession(harness.deps, ADA, BROWSER);
const refresh = ({ refreshToken }: Credentials) => refreshSession(harness.deps, refreshToken, BROWSER);

describe("a login", () => {
  it("always starts a new session with a new secret and new tokens", async () => {
    const [one, two] = [await logIn(), await logIn()];
    expect(one.session.id).not.toBe(two.session.id);
    expect(Buffer.from(one.session.secretHash).equals(two.session.secretHash)).toBe(false);
    expect(one.refreshToken).not.toBe(two.refreshToken);
    expect(one.accessToken).not.toBe(two.accessToken);
    expect(await harness.store.find(one.session.id)).toMatchObject({ endedAt: null });
  });

  it("keeps no secret: the row has the hash, the event nothing", async () => {
    const { refreshToken, session } = await logIn();
    const secret = harness.deps.refreshTokens.verify(refreshToken)?.secret;
    expect(secret).toHaveLength(32);
    expect(Buffer.from(session.secretHash).equals(secret as Buffer)).toBe(false);
    expect(harness.store.events).toEqual([
      {
        at: harness.clock.now(),
        type: "session.started",
        actorId: ADA.id,
        userId: ADA.id,
        sessionId: session.id,
        client: BROWSER,
        details: {},
      },
    ]);
  });

  it("gives a cookie that lasts as long as the session does if nothing happens", async () => {
    expect((await logIn()).refreshTokenMaxAgeSeconds).toBe(IDLE_SECONDS);
    const limits = { ...harness.deps.limits, maxSeconds: 3_600 };
    const short = await startSession({ ...harness.deps, limits }, ADA, BROWSER);
    expect(short.refreshTokenMaxAgeSeconds).toBe(3_600);
  });
});

describe("the idle limit", () => {
  it("ends a session that was not refreshed for seven days", async () => {
    const credentials = await logIn();
    harness.clock.pass(IDLE_SECONDS);
    await expect(refresh(credentials)).rejects.toMatchObject(REFUSED);
    expect(await harness.store.find(credentials.session.id)).toMatchObject({ generation: 0, endedAt: null });
  });

  it("moves with each refresh, and the cookie with it", async () => {
    let credentials = await logIn();
    for (let n = 0; n < 4; n += 1) {
      harness.clock.pass(IDLE_SECONDS - 0.001);
      credentials = await refresh(credentials);
      expect(credentials.refreshTokenMaxAgeSeconds).toBe(
        Math.min(
          IDLE_SECONDS,
          Math.floor(secondsBetween(harness.clock.now(), credentials.session.expiresAt)),
        ),
      );
    }
  });

  it("is no reuse: an old token of an expired session is refused and nothing is recorded", async () => {
    const first = await logIn();
    await refresh(first);
    harness.clock.pass(IDLE_SECONDS);
    const recorded = harness.store.events.length;
    await expect(refresh(first)).rejects.toMatchObject(REFUSED);
    expect(harness.store.events).toHaveLength(recorded);
  });
});

describe("the absolute limit", () => {
  /** Refreshed every six days, up to the last second of the thirtieth day. */
  async function liveToTheLastSecond(): Promise<Credentials> {
    let credentials = await logIn();
    for (let days = 6; days < 30; days += 6) {
      harness.clock.pass(6 * 86_400);
      credentials = await refresh(credentials);
    }
    harness.clock.pass(6 * 86_400 - 1);
    return refresh(credentials);
  }

  it("ends a session that was refreshed all the time", async () => {
    const credentials = await liveToTheLastSecond();
    expect(credentials.session.expiresAt).toEqual(addSeconds(credentials.session.createdAt, MAX_SECONDS));
    expect(credentials.refreshTokenMaxAgeSeconds).toBe(1);
    harness.clock.pass(1);
    await expect(refresh(credentials)).rejects.toMatchObject(REFUSED);
  });

  it("is outlived by no access token", async () => {
    const { accessTokenExpiresAt, accessToken, session } = await liveToTheLastSecond();
    expect(accessTokenExpiresAt).toEqual(session.expiresAt);
    harness.clock.pass(1 + 10);
    expect(await authenticate(harness.deps, accessToken)).toMatchObject({ ok: false, reason: "expired" });
  });
});

it("no access token outlives the idle limit of its session, not even one that was recovered at the last moment", async () => {
  const first = await logIn();
  harness.clock.pass(600);
  await refresh(first);
  harness.clock.pass(IDLE_SECONDS - 60);
  const { session, accessTokenExpiresAt } = await refresh(first);
  expect(harness.store.events.at(-1)?.type).toBe("refresh_token.recovered");
  const row = await harness.store.find(session.id);
  expect(accessTokenExpiresAt.getTime()).toBeLessThanOrEqual(row?.idleExpiresAt.getTime() ?? 0);
});

test("a disabled person's session is refused and stays as it was", async () => {
  const credentials = await logIn();
  harness.store.users.set(ADA.id, { ...ADA, status: "disabled" });
  await expect(refresh(credentials)).rejects.toMatchObject(REFUSED);
  expect(await harness.store.find(credentials.session.id)).toMatchObject({ generation: 0, endedAt: null });
});

test("a token names role and person as they are now", async () => {
  const credentials = await logIn();
  harness.store.users.set(ADA.id, { ...ADA, role: "admin" });
  expect((await refresh(credentials)).user.role).toBe("admin");
});

describe("the state of a session", () => {
  const now = new Date("2027-01-01T00:00:00Z");
  const [before, after] = [addSeconds(now, -0.001), addSeconds(now, 0.001)];
  test.each([
    ["live", null, null, after, after],
    ["expired", null, null, now, after],
    ["expired", null, null, after, now],
    ["expired", null, null, before, before],
    ["expired", before, "expired", before, after],
    ["ended", before, "logout", after, after],
    ["ended", before, "logout", before, before],
  ] as const)(
    "is %s when ended at %o as %s, idle at %o, over at %o",
    (state, endedAt, endReason, idleExpiresAt, expiresAt) => {
      expect(sessionState({ endedAt, endReason, idleExpiresAt, expiresAt }, now)).toBe(state);
    },
  );
});
