import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Client } from "@/lib/audit/events";
import { acknowledge, authenticate } from "./authenticate";
import type { Credentials } from "./credentials";
import { refreshSession } from "./refresh-session";
import { startSession } from "./start-session";
import { ADA, BROWSER, createHarness, type SessionHarness } from "./testing/session-harness";

const REFUSED = { code: "invalid_refresh_token" };
const THIEF: Client = { ip: "203.0.113.9", userAgent: "curl" };

let harness: SessionHarness;
let first: Credentials;
beforeEach(async () => {
  harness = createHarness();
  first = await startSession(harness.deps, ADA, BROWSER);
});

const refresh = ({ refreshToken }: Credentials, client = BROWSER) =>
  refreshSession(harness.deps, refreshToken, client);
const row = () => harness.store.find(first.session.id);
const eventTypes = () => harness.store.events.map(({ type }) => type);
const isAccepted = async ({ accessToken }: Credentials) => (await authenticate(harness.deps, accessToken)).ok;

/** What middleware does with a request. */
async function use({ accessToken }: Credentials): Promise<void> {
  const authentication = await authenticate(harness.deps, accessToken);
  if (authentication.ok) await acknowledge(harness.deps, authentication.claims);
}

it("fifty tabs that refresh at once get one successor, and none is logged out", async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(first)));
  expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1);
  expect(await row()).toMatchObject({ generation: 1, endedAt: null });
  expect(eventTypes()).toEqual(["session.started"]);
});

describe("a reused refresh token", () => {
  let second: Credentials;
  beforeEach(async () => {
    second = await refresh(first, { ip: "192.0.2.99", userAgent: "Firefox" });
    await use(second);
    harness.clock.pass(30);
  });

  it("ends the session: both are out at once, with every token they hold", async () => {
    expect(await isAccepted(second)).toBe(true);
    await expect(refresh(first, THIEF)).rejects.toMatchObject(REFUSED);
    expect(await row()).toMatchObject({ endReason: "refresh_token_reuse", endedAt: harness.clock.now() });
    for (const credentials of [first, second]) {
      expect(await isAccepted(credentials)).toBe(false);
      await expect(refresh(credentials)).rejects.toMatchObject(REFUSED);
    }
  });

  it("is recorded once, with the client that presented it and the one that rotated it", async () => {
    await expect(refresh(first, THIEF)).rejects.toMatchObject(REFUSED);
    await expect(refresh(first, THIEF)).rejects.toMatchObject(REFUSED);
    expect(harness.store.events.slice(1)).toEqual([
      {
        at: harness.clock.now(),
        type: "refresh_token.reuse_detected",
        actorId: null,
        userId: ADA.id,
        sessionId: first.session.id,
        client: THIEF,
        details: {
          reason: "refresh_token_reuse",
          presentedGeneration: 0,
          currentGeneration: 1,
          lastIp: "192.0.2.99",
          lastUserAgent: "Firefox",
        },
      },
    ]);
  });

  it("leaves the person's other sessions alone", async () => {
    const other = await startSession(harness.deps, ADA, BROWSER);
    await expect(refresh(first, THIEF)).rejects.toMatchObject(REFUSED);
    expect(await isAccepted(other)).toBe(true);
    expect((await refresh(other)).session.generation).toBe(1);
  });
});

describe("a lost response", () => {
  beforeEach(async () => {
    await refresh(first);
    harness.clock.pass(3_600);
  });

  it("is made good later: the same refresh token, a new access token, and a record of it", async () => {
    const again = await refresh(first, { ...BROWSER, ip: "192.0.2.77" });
    expect(again.session.generation).toBe(1);
    expect(await isAccepted(again)).toBe(true);
    expect(harness.store.events.at(-1)).toEqual({
      at: harness.clock.now(),
      type: "refresh_token.recovered",
      actorId: ADA.id,
      userId: ADA.id,
      sessionId: first.session.id,
      client: { ...BROWSER, ip: "192.0.2.77" },
      details: { generation: 1 },
    });
    expect(await row()).toMatchObject({
      recoveredGeneration: 1,
      endedAt: null,
      lastSeenAt: harness.clock.now(),
    });
    expect((await refresh(again)).session.generation).toBe(2);
  });

  it("that two tabs ask for at once is made good for both", async () => {
    const [one, two] = await Promise.all([refresh(first), refresh(first)]);
    expect(one.refreshToken).toBe(two.refreshToken);
    expect(await row()).toMatchObject({ endedAt: null });
  });

  it("is not made good for another browser", async () => {
    await expect(refresh(first, THIEF)).rejects.toMatchObject(REFUSED);
    expect(await row()).toMatchObject({ endReason: "refresh_token_reuse" });
  });

  it("a second time within twenty generations is reuse", async () => {
    let credentials = await refresh(first);
    for (let n = 0; n < 19; n += 1) credentials = await refresh(credentials);
    await refresh(credentials);
    harness.clock.pass(3_600);
    await expect(refresh(credentials)).rejects.toMatchObject(REFUSED);
    expect(await row()).toMatchObject({ generation: 21, endReason: "refresh_token_reuse" });
  });
});

describe("the acknowledgement", () => {
  it("is one write a generation, however often its token is presented", async () => {
    const second = await refresh(first);
    const writes = vi.spyOn(harness.store, "acknowledge");
    for (let n = 0; n < 5; n += 1) await use(second);
    expect(writes).toHaveBeenCalledTimes(1);
    await use(await refresh(second));
    expect(writes).toHaveBeenCalledTimes(2);
    await use(second);
    expect(writes).toHaveBeenCalledTimes(2);
    expect(await row()).toMatchObject({ generation: 2, acknowledgedGeneration: 2 });
  });

  it("is tried again when the database could not be asked", async () => {
    const second = await refresh(first);
    vi.spyOn(harness.store, "acknowledge").mockRejectedValueOnce(new Error("down"));
    await expect(use(second)).rejects.toThrow("down");
    await use(second);
    expect(await row()).toMatchObject({ acknowledgedGeneration: 1 });
  });

  it("does not come from issuing a token, nor from the token of an older generation", async () => {
    await refresh(first);
    await use(first);
    expect(await row()).toMatchObject({ generation: 1, acknowledgedGeneration: 0 });
  });
});
