import { beforeEach, describe, expect, it } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import { replicaDenylist } from "@/lib/revocation/testing/denylists";
import { authenticate } from "./authenticate";
import type { Credentials } from "./credentials";
import { denyToken, denyTokenById } from "./deny-token";
import { endSessions } from "./end-sessions";
import { logOut } from "./log-out";
import { refreshSession } from "./refresh-session";
import { reportRejection } from "./report-rejection";
import { startSession } from "./start-session";
import { ADA, BROWSER, createHarness, KID, type SessionHarness } from "./testing/session-harness";

/** 15 minutes, the longest lifetime that may be set, and twice 30 s, the largest tolerance. */
const ACCEPTED_SECONDS = 960;
const BOB = { ...ADA, id: "00000000-0000-4000-8000-0000000000b0", email: "bob@example.test" };
const EVENT = { actorId: BOB.id, client: BROWSER, details: { why: "test" } };

let harness: SessionHarness;
let credentials: Credentials;
beforeEach(async () => {
  harness = createHarness();
  harness.store.users.set(BOB.id, BOB);
  credentials = await startSession(harness.deps, ADA, BROWSER);
});

const oneOf = (id: string) => ({ kind: "ids", ids: [id], ownedBy: null }) as const;
const row = () => harness.store.find(credentials.session.id);
const authenticated = ({ accessToken }: Credentials) => authenticate(harness.deps, accessToken);
const refresh = ({ refreshToken }: Credentials) => refreshSession(harness.deps, refreshToken, BROWSER);

describe("ending sessions", () => {
  it("refuses every token of them at the next request, and says which ended", async () => {
    const renewed = await refresh(credentials);
    const ended = await endSessions(harness.deps, oneOf(renewed.session.id), "revoked_by_admin", EVENT);
    expect(ended).toEqual([renewed.session.id]);
    for (const each of [credentials, renewed]) {
      expect(await authenticated(each)).toEqual({ ok: false, reason: "denied", isRenewable: true });
      await expect(refresh(each)).rejects.toMatchObject({ code: "invalid_refresh_token" });
    }
    expect(harness.store.events.at(-1)).toMatchObject({
      type: "session.ended",
      actorId: BOB.id,
      userId: ADA.id,
      details: { why: "test", reason: "revoked_by_admin" },
    });
  });

  it("is refused at once by a replica in this process, with no sync", async () => {
    const replica = replicaDenylist(harness.denials, harness.clock);
    await replica.sync();
    const deps = { ...harness.deps, denylist: replica };
    expect(await authenticate(deps, credentials.accessToken)).toMatchObject({ ok: true });
    await endSessions(deps, oneOf(credentials.session.id), "logout", EVENT);
    expect(await authenticate(deps, credentials.accessToken)).toMatchObject({ ok: false, reason: "denied" });
  });

  it("denies until the last token of it has expired, the tolerance included, and then no longer", async () => {
    harness.clock.pass(300);
    await refresh(credentials);
    await endSessions(harness.deps, oneOf(credentials.session.id), "logout", EVENT);
    const { denials } = await harness.denials.readSince(null, harness.clock.now());
    const expiresAt = addSeconds(harness.clock.now(), ACCEPTED_SECONDS);
    expect(denials).toHaveLength(1);
    expect(denials).toMatchObject([{ kind: "sid", value: credentials.session.id, expiresAt }]);
  });

  it("denies a token that a parallel request got at the end of the overlap, of a session unseen since", async () => {
    await refresh(credentials);
    harness.clock.pass(29.999);
    const last = await refresh(credentials);
    harness.clock.pass(609);
    expect(await authenticated(last)).toMatchObject({ ok: true });
    await endSessions(harness.deps, oneOf(credentials.session.id), "logout", EVENT);
    expect(await authenticated(last)).toMatchObject({ ok: false });
  });

  it("denies nothing of a session whose last token has expired long ago", async () => {
    harness.clock.pass(86_400);
    expect(await endSessions(harness.deps, oneOf(credentials.session.id), "logout", EVENT)).toHaveLength(1);
    expect((await harness.denials.readSince(null, harness.clock.now())).denials).toEqual([]);
  });
});

describe("logging out", () => {
  it.each<[string, (newest: Credentials) => Parameters<typeof logOut>[1]]>([
    ["the refresh token", ({ refreshToken }) => ({ refreshToken, accessToken: null })],
    ["the access token", ({ accessToken }) => ({ refreshToken: null, accessToken })],
    [
      "a refresh token of an older generation",
      () => ({ refreshToken: credentials.refreshToken, accessToken: null }),
    ],
    [
      "the access token beside a broken refresh token",
      ({ accessToken }) => ({ refreshToken: "x", accessToken }),
    ],
  ])("ends the session that %s names", async (_what, presented) => {
    const newest = await refresh(await refresh(credentials));
    await logOut(harness.deps, presented(newest), BROWSER);
    expect(await row()).toMatchObject({ endReason: "logout" });
    expect(await authenticated(newest)).toMatchObject({ ok: false, reason: "denied" });
  });

  it("is no reuse, and twice is once", async () => {
    await refresh(await refresh(credentials));
    const presented = { refreshToken: credentials.refreshToken, accessToken: null };
    await logOut(harness.deps, presented, BROWSER);
    await logOut(harness.deps, presented, BROWSER);
    expect(harness.store.events.map(({ type }) => type)).toEqual(["session.started", "session.ended"]);
  });

  it.each([
    { refreshToken: null, accessToken: null },
    { refreshToken: "x", accessToken: "y" },
    { refreshToken: "", accessToken: "" },
  ])("with %j does nothing", async (presented) => {
    await logOut(harness.deps, presented, BROWSER);
    expect(await row()).toMatchObject({ endedAt: null });
    expect(harness.store.events).toHaveLength(1);
  });
});

describe("denying one token", () => {
  const ASKER = { userId: BOB.id, sessionId: "s", client: BROWSER };
  const deny = (token: string) =>
    denyToken(harness.deps, harness.denials, harness.deps.verifyAccessToken, token, ASKER);

  it("refuses that token, and its session goes on", async () => {
    await deny(credentials.accessToken);
    expect(await authenticated(credentials)).toMatchObject({
      ok: false,
      reason: "denied",
      isRenewable: true,
    });
    const renewed = await refresh(credentials);
    expect(await authenticated(renewed)).toMatchObject({ ok: true });
    expect(harness.store.events.at(-1)).toMatchObject({ type: "access_token.denied", actorId: BOB.id });
  });

  it("lasts as long as the token would be accepted", async () => {
    await deny(credentials.accessToken);
    harness.clock.pass(609.999);
    expect(await authenticated(credentials)).toMatchObject({ ok: false, reason: "denied" });
    harness.clock.pass(0.001);
    expect(await authenticated(credentials)).toMatchObject({ ok: false, reason: "expired" });
  });

  it("refuses a text that is no token of ours, and has nothing to do for an expired one", async () => {
    await expect(deny("nonsense")).rejects.toMatchObject({ code: "invalid_request" });
    harness.clock.pass(ACCEPTED_SECONDS);
    await deny(credentials.accessToken);
    expect((await harness.denials.readSince(null, new Date(0))).denials).toEqual([]);
  });

  it("by its id lasts as long as any token may, whatever the caller believes", async () => {
    const now = harness.clock.now();
    const denyById = (expiresAt: Date) =>
      denyTokenById(harness.deps, harness.denials, "token-9", expiresAt, ASKER);
    await denyById(addSeconds(now, 1));
    expect(
      await harness.denials.covers({ jti: "token-9", sid: "s", kid: "k" }, addSeconds(now, 609.999)),
    ).toBe(true);
    const tooLate = denyById(addSeconds(now, ACCEPTED_SECONDS + 0.001));
    await expect(tooLate).rejects.toMatchObject({ code: "invalid_request" });
  });
});

describe("a key that was revoked", () => {
  it("takes every token back that it signed, and none from a session: it is renewed", async () => {
    const { deps, denials } = harness;
    const { accessToken } = credentials;
    await denials.deny({ kind: "kid", value: "another key", expiresAt: new Date("2030-01-01") });
    expect(await authenticate(deps, accessToken)).toMatchObject({ ok: true });
    await denials.deny({ kind: "kid", value: KID, expiresAt: new Date("2030-01-01") });
    expect(await authenticate(deps, accessToken)).toEqual({ ok: false, reason: "denied", isRenewable: true });
    expect((await harness.store.find(credentials.session.id))?.endedAt).toBeNull();
  });
});

describe("a token that is refused", () => {
  it("for a passing reason may be renewed, for any other not", async () => {
    const { accessToken } = credentials;
    expect(await authenticate(harness.deps, "nonsense")).toMatchObject({ ok: false, isRenewable: false });
    harness.clock.pass(ACCEPTED_SECONDS);
    const expected = { ok: false, reason: "expired", isRenewable: true };
    expect(await authenticate(harness.deps, accessToken)).toEqual(expected);
  });

  it("passes a failure of the denylist on: nobody is signed out by it, nor let in", async () => {
    harness.denials.isDown = true;
    await expect(authenticated(credentials)).rejects.toThrow("down");
  });

  it("as forged is recorded once from each address, and a passing reason not at all", async () => {
    const forged = { ok: false, reason: "signature", isRenewable: false } as const;
    for (const ip of ["192.0.2.1", "192.0.2.1", "192.0.2.2"]) {
      await reportRejection(harness.deps, forged, { ...BROWSER, ip });
    }
    await reportRejection(harness.deps, { ok: false, reason: "expired", isRenewable: true }, BROWSER);
    const reports = harness.store.events.filter(({ type }) => type === "access_token.forged");
    expect(reports.map(({ client, details }) => [client?.ip, details])).toEqual([
      ["192.0.2.1", { reason: "signature" }],
      ["192.0.2.2", { reason: "signature" }],
    ]);
  });
});
