import { beforeEach, expect, it } from "vitest";
import type { Credentials } from "./credentials";
import { refreshSession } from "./refresh-session";
import { startSession } from "./start-session";
import { ADA, BROWSER, createHarness, type SessionHarness } from "./testing/session-harness";

class SigningUnavailable extends Error {}

let harness: SessionHarness;
let isAway = false;
let credentials: Credentials;

beforeEach(async () => {
  isAway = false;
  harness = createHarness({
    requireSigner: async () => {
      if (isAway) throw new SigningUnavailable();
    },
  });
  credentials = await startSession(harness.deps, ADA, BROWSER);
});

const refresh = () => refreshSession(harness.deps, credentials.refreshToken, BROWSER);
const row = () => harness.store.find(credentials.session.id);

/** The browser tries again and again, for longer than a parallel request may be late. */
async function outage(): Promise<void> {
  isAway = true;
  for (let attempt = 0; attempt < 4; attempt += 1) {
    await expect(refresh()).rejects.toThrow(SigningUnavailable);
    harness.clock.pass(20);
  }
  isAway = false;
}

it("rotates no refresh token while nothing can be signed", async () => {
  const before = await row();
  await outage();
  expect(await row()).toEqual(before);
});

it("logs nobody out, however often nothing can be signed for a while", async () => {
  for (let outages = 0; outages < 3; outages += 1) {
    await outage();
    credentials = await refresh();
  }
  expect(await row()).toMatchObject({ generation: 3, endedAt: null });
  expect(harness.store.events.map(({ type }) => type)).toEqual(["session.started"]);
});

it("starts no session that nobody would hold", async () => {
  isAway = true;
  await expect(startSession(harness.deps, ADA, BROWSER)).rejects.toThrow(SigningUnavailable);
  expect(harness.store.events.map(({ type }) => type)).toEqual(["session.started"]);
});
