import { beforeEach, describe, expect, it } from "vitest";
import type { Client } from "@/lib/audit/events";
import { growth, parseExposition, type Samples } from "@/lib/metrics/testing/exposition";
import type { Credentials } from "./credentials";
import { endSessions } from "./end-sessions";
import { refreshSession } from "./refresh-session";
import { reportRejection } from "./report-rejection";
import { startSession } from "./start-session";
import { ADA, BROWSER, createHarness, type SessionHarness } from "./testing/session-harness";

const THIEF: Client = { ip: "203.0.113.9", userAgent: "curl" };

let harness: SessionHarness;
let first: Credentials;
let before: Samples;
beforeEach(async () => {
  harness = createHarness();
  first = await startSession(harness.deps, ADA, BROWSER);
  before = await scrape();
});

const scrape = async () => parseExposition(await harness.deps.metrics.text());
const counted = async () => growth(before, await scrape());
const refreshes = (outcome: string, count = 1) => ({
  [`latchkey_refreshes_total{outcome="${outcome}"}`]: count,
});

const refresh = (refreshToken = first.refreshToken, client = BROWSER) =>
  refreshSession(harness.deps, refreshToken, client);
const refused = (refreshToken?: string, client?: Client) =>
  expect(refresh(refreshToken, client)).rejects.toMatchObject({ code: "invalid_refresh_token" });

/** What has been counted since the session was made ready for this is left out. */
async function afterwards(): Promise<void> {
  before = await scrape();
}

describe("a refresh counts once, as", () => {
  it("rotated", async () => {
    await refresh();
    expect(await counted()).toEqual(refreshes("rotated"));
  });

  it("repeated, for the tabs that come second", async () => {
    await Promise.all(Array.from({ length: 10 }, () => refresh()));
    expect(await counted()).toEqual({ ...refreshes("rotated"), ...refreshes("repeated", 9) });
  });

  it("recovered, when the response had been lost", async () => {
    await refresh();
    harness.clock.pass(3_600);
    await afterwards();
    await refresh();
    expect(await counted()).toEqual(refreshes("recovered"));
  });

  it("reuse, which ends the session; what comes after it is refused", async () => {
    await harness.store.acknowledge(
      first.session.id,
      (await refresh()).session.generation,
      harness.clock.now(),
    );
    harness.clock.pass(30);
    await afterwards();
    await refused(first.refreshToken, THIEF);
    const ended = { 'latchkey_sessions_ended_total{reason="refresh_token_reuse"}': 1 };
    expect(await counted()).toEqual({ ...refreshes("reuse"), ...ended });
    await refused(first.refreshToken, THIEF);
    expect(await counted()).toEqual({ ...refreshes("reuse"), ...refreshes("refused"), ...ended });
  });

  it("refused, for a token that is not ours", async () => {
    await refused(`${first.refreshToken}x`);
    expect(await counted()).toEqual(refreshes("refused"));
  });

  it("refused, for a session that is gone or has expired", async () => {
    harness.clock.pass(8 * 86_400);
    await refused();
    harness.store.find = async () => null;
    await refused();
    expect(await counted()).toEqual(refreshes("refused", 2));
  });

  it("refused, when a recovery comes too late", async () => {
    await refresh();
    harness.clock.pass(3_600);
    await afterwards();
    harness.store.markRecovered = async () => false;
    await refused();
    expect(await counted()).toEqual(refreshes("refused"));
  });

  it("nothing while the database cannot be asked", async () => {
    harness.store.rotate = async () => {
      throw new Error("down");
    };
    await expect(refresh()).rejects.toThrow("down");
    expect(await counted()).toEqual({});
  });
});

it("each session that ends counts under its reason, and one that has ended already does not", async () => {
  const others = [
    await startSession(harness.deps, ADA, BROWSER),
    await startSession(harness.deps, ADA, BROWSER),
  ];
  const event = { actorId: null, client: null, details: {} };
  const all = { kind: "ids", ids: others.map(({ session }) => session.id), ownedBy: null } as const;
  await endSessions(harness.deps, all, "revoked_by_admin", event);
  await endSessions(harness.deps, all, "logout", event);
  expect(await counted()).toEqual({ 'latchkey_sessions_ended_total{reason="revoked_by_admin"}': 2 });
});

it("each rejected token counts under its reason, however often it is recorded", async () => {
  const forged = { ok: false, reason: "signature", isRenewable: false } as const;
  for (let n = 0; n < 3; n += 1) await reportRejection(harness.deps, forged, THIEF);
  await reportRejection(harness.deps, { ok: false, reason: "expired", isRenewable: true }, BROWSER);
  expect(await counted()).toEqual({
    'latchkey_token_rejections_total{reason="signature"}': 3,
    'latchkey_token_rejections_total{reason="expired"}': 1,
  });
});
