import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pLimit from "p-limit";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { addSeconds } from "@/lib/crypto/clock";
import type { Grant, Session, SessionUser } from "@/lib/sessions/session";
import { NOW, newSession } from "@/lib/sessions/testing/session-store-contract";
import { applyMigrations } from "@/scripts/apply-migrations";
import { withDatabase } from "@/scripts/embedded-database";
import type { CleanupCounts } from "./cleanup";
import { createClient } from "./client";
import type { PrismaClient } from "./generated/client";
import { type DatabaseStores, openStores } from "./stores";
import { newClient, newCode, newDeviceAuthorization, type Parties, randomHash } from "./testing/oauth-rows";
import { addUser, copySession } from "./testing/session-store-subject";

const DAY_SECONDS = 86_400;
const BACKLOG = 20_000;
const NOTHING: CleanupCounts = {
  expiredSessions: 0,
  onlineGrants: 0,
  endedSessions: 0,
  denials: 0,
  oneTimeLinks: 0,
  rateLimits: 0,
  authorizationCodes: 0,
  pushedRequests: 0,
  deviceAuthorizations: 0,
  usedProofs: 0,
};
const at = (seconds: number): Date => addSeconds(NOW, seconds);

let database: TestDatabase;
let stores: DatabaseStores;
let other: DatabaseStores;
let db: PrismaClient;
let ada: SessionUser;
let clientId: string;
beforeAll(async () => {
  database = await freshDatabase();
  [stores, other] = [openStores(database.url), openStores(database.url)];
  db = createClient(database.url);
});
afterAll(async () => {
  await Promise.all([stores.close(), other.close(), db.$disconnect()]);
  await database.drop();
});
beforeEach(async () => {
  await Promise.all([db.user.deleteMany(), db.denial.deleteMany(), db.rateLimit.deleteMany()]);
  await Promise.all([db.client.deleteMany(), db.usedProof.deleteMany()]);
  ada = await addUser(db, {});
  const client = newClient();
  await stores.clients.insert(client, null);
  clientId = client.id;
});

async function insert(overrides: Partial<Session> = {}): Promise<Session> {
  const session = newSession(ada, overrides);
  await stores.sessions.insert(session);
  return session;
}
const grantIn = (parentId: string | null, isOffline = false): { grant: Grant } => ({
  grant: { clientId, parentId, isOffline, audience: "orders", scope: "openid", dpopJkt: null },
});
const stateOf = async ({ id }: Session) => {
  const found = await stores.sessions.find(id);
  return found === null ? "deleted" : (found.endReason ?? "live");
};

describe("cleaning up ends a session", () => {
  it("that has passed its idle limit, as of the instant when it did", async () => {
    const [passed, now, next] = [
      await insert({ idleExpiresAt: at(-2 * DAY_SECONDS) }),
      await insert({ idleExpiresAt: NOW }),
      await insert({ idleExpiresAt: at(0.001) }),
    ];
    expect(await stores.cleanUp(NOW)).toEqual({ ...NOTHING, expiredSessions: 2 });
    for (const session of [passed, now]) {
      const ended = { endedAt: session.idleExpiresAt, endReason: "expired", generation: 3 };
      expect(await stores.sessions.find(session.id)).toMatchObject(ended);
    }
    expect(await stateOf(next)).toBe("live");
    expect(await stores.cleanUp(NOW)).toEqual(NOTHING);
  });

  it("that has passed its absolute limit", async () => {
    const old = await insert({ idleExpiresAt: NOW, expiresAt: NOW });
    await stores.cleanUp(at(-0.001));
    expect(await stateOf(old)).toBe("live");
    await stores.cleanUp(NOW);
    expect(await stores.sessions.find(old.id)).toMatchObject({ endedAt: NOW, endReason: "expired" });
  });

  it.each(["2027-02-28T23:59:59.999Z", "2027-03-01T00:00:00.000Z"])(
    "at the turn of the day too: %s",
    async (limit) => {
      const idleExpiresAt = new Date(limit);
      const session = await insert({ idleExpiresAt });
      await stores.cleanUp(addSeconds(idleExpiresAt, -0.001));
      expect(await stateOf(session)).toBe("live");
      await stores.cleanUp(idleExpiresAt);
      expect(await stateOf(session)).toBe("expired");
    },
  );

  it("and leaves one that has ended as it was", async () => {
    const ended = await insert({ idleExpiresAt: at(-9), endedAt: at(-60), endReason: "logout" });
    expect(await stores.cleanUp(NOW)).toEqual(NOTHING);
    expect(await stores.sessions.find(ended.id)).toMatchObject({ endedAt: at(-60), endReason: "logout" });
  });
});

describe("cleaning up ends the grants of a browser", () => {
  it("that has expired, at once, and of no other", async () => {
    const [expired, live] = [await insert({ idleExpiresAt: NOW }), await insert()];
    const [ended, kept] = [await insert(grantIn(expired.id)), await insert(grantIn(live.id))];
    expect(await stores.cleanUp(NOW)).toEqual({ ...NOTHING, expiredSessions: 1, onlineGrants: 1 });
    expect(await stores.sessions.find(ended.id)).toMatchObject({ endedAt: NOW, endReason: "expired" });
    expect([await stateOf(live), await stateOf(kept)]).toEqual(["live", "live"]);
    expect(await stores.cleanUp(at(60))).toEqual(NOTHING);
  });

  it("that ended without them, or that is gone", async () => {
    const browser = await insert({ endedAt: at(-60), endReason: "revoked_by_admin" });
    const [ended, gone] = [await insert(grantIn(browser.id)), await insert(grantIn(null))];
    expect(await stores.cleanUp(NOW)).toEqual({ ...NOTHING, onlineGrants: 2 });
    for (const { id } of [ended, gone]) {
      expect(await stores.sessions.find(id)).toMatchObject({ endedAt: NOW, endReason: "expired" });
    }
    expect(await stores.sessions.find(browser.id)).toMatchObject({ endReason: "revoked_by_admin" });
  });

  it("but not those that go on without it, nor what has ended already", async () => {
    const browser = await insert({ idleExpiresAt: NOW });
    const offline = [await insert(grantIn(browser.id, true)), await insert(grantIn(null, true))];
    const endedAt = at(-60);
    const ended = await insert({ ...grantIn(browser.id), endedAt, endReason: "revoked_by_user" });
    expect(await stores.cleanUp(NOW)).toEqual({ ...NOTHING, expiredSessions: 1 });
    expect(await Promise.all(offline.map(stateOf))).toEqual(["live", "live"]);
    expect(await stores.sessions.find(ended.id)).toMatchObject({ endedAt, endReason: "revoked_by_user" });
  });

  it("by themselves once they have expired, whatever their browser does", async () => {
    const browser = await insert();
    const grants = [
      await insert({ ...grantIn(browser.id), idleExpiresAt: NOW }),
      await insert({ ...grantIn(browser.id, true), idleExpiresAt: NOW }),
    ];
    expect(await stores.cleanUp(NOW)).toEqual({ ...NOTHING, expiredSessions: 2 });
    expect(await Promise.all(grants.map(stateOf))).toEqual(["expired", "expired"]);
    expect(await stateOf(browser)).toBe("live");
  });

  it("however many grants there are", async () => {
    const [live, ended] = [await insert(), await insert({ endedAt: NOW, endReason: "logout" })];
    for (let n = 0; n < 6; n += 1) {
      await addGrants(await insert(grantIn(live.id)), 2_000, [live.id, ended.id]);
    }
    expect(await stores.cleanUp(NOW)).toEqual({ ...NOTHING, onlineGrants: 6_000 });
    expect(await db.session.count({ where: { parentId: live.id, endedAt: null } })).toBe(6_006);
    expect(await db.session.count({ where: { parentId: ended.id, endedAt: null } })).toBe(0);
  });

  it("later when somebody holds one, and nobody waits", async () => {
    const browser = await insert({ endedAt: NOW, endReason: "logout" });
    const [held, free] = [await insert(grantIn(browser.id)), await insert(grantIn(browser.id))];
    await withHolder(async (holder) => {
      await holder.query("BEGIN");
      await holder.query("SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE", [held.id]);
      expect(await stores.cleanUp(NOW)).toEqual({ ...NOTHING, onlineGrants: 1 });
      expect([await stateOf(held), await stateOf(free)]).toEqual(["live", "expired"]);
      await holder.query("ROLLBACK");
    });
    expect(await stores.cleanUp(NOW)).toEqual({ ...NOTHING, onlineGrants: 1 });
  });
});

describe("cleaning up deletes", () => {
  const monthAgo = at(-30 * DAY_SECONDS);
  const old = { createdAt: at(-60 * DAY_SECONDS), idleExpiresAt: monthAgo } as const;

  it("sessions thirty days after they ended, however they did", async () => {
    const sessions = [
      await insert({ ...old, endedAt: monthAgo, endReason: "logout" }),
      await insert({ ...old, endedAt: monthAgo, endReason: "expired" }),
      await insert({ ...old, endedAt: addSeconds(monthAgo, 0.001), endReason: "logout" }),
      await insert({ ...old, idleExpiresAt: at(60) }),
    ];
    expect(await stores.cleanUp(NOW)).toEqual({ ...NOTHING, endedSessions: 2 });
    const states = await Promise.all(sessions.map(stateOf));
    expect(states).toEqual(["deleted", "deleted", "logout", "live"]);
  });

  it("at once a session that expired thirty days ago and that nobody had ended yet", async () => {
    const session = await insert(old);
    expect(await stores.cleanUp(NOW)).toEqual({ ...NOTHING, expiredSessions: 1, endedSessions: 1 });
    expect(await stateOf(session)).toBe("deleted");
  });

  it("denials, one-time links and rate-limit windows that are over", async () => {
    for (const expiresAt of [at(-1), NOW, at(0.001)]) {
      await stores.denials.deny({ kind: "sid", value: randomUUID(), expiresAt });
      await db.rateLimit.create({ data: { key: randomUUID(), points: 1, expire: expiresAt } });
      const link = { id: randomUUID(), purpose: "invitation", userId: ada.id, createdAt: at(-9) } as const;
      await db.oneTimeLink.create({ data: { ...link, tokenHash: randomBytes(32), expiresAt } });
    }
    const gone = { denials: 2, oneTimeLinks: 2, rateLimits: 2 };
    expect(await stores.cleanUp(NOW)).toEqual({ ...NOTHING, ...gone });
    const expiresAt = at(0.001);
    expect(await db.denial.findMany()).toMatchObject([{ expiresAt }]);
    expect(await db.oneTimeLink.findMany()).toMatchObject([{ expiresAt }]);
    expect(await db.rateLimit.findMany()).toMatchObject([{ expire: expiresAt }]);
  });
});

describe("cleaning up what OAuth keeps deletes", () => {
  const HOUR_SECONDS = 3_600;
  let parties: Parties;
  beforeEach(async () => {
    parties = { clientId, userId: ada.id, parentId: (await insert()).id };
  });

  it("codes an hour after they expired, redeemed or not: until then a second use is known", async () => {
    const expiries = [-0.001, 0, 0.001].map((seconds) => at(seconds - HOUR_SECONDS));
    for (const expiresAt of expiries) {
      const code = newCode(parties, { expiresAt, createdAt: addSeconds(expiresAt, -60) });
      await stores.authorizationCodes.insert(code);
      await stores.authorizationCodes.redeem(code.hash, "of this grant", code.createdAt);
      const open = newCode(parties, { expiresAt, createdAt: addSeconds(expiresAt, -60) });
      await stores.authorizationCodes.insert(open);
      await stores.deviceAuthorizations.insert(newDeviceAuthorization(parties, { expiresAt }));
    }
    const gone = { authorizationCodes: 4, deviceAuthorizations: 2 };
    expect(await stores.cleanUp(NOW)).toEqual({ ...NOTHING, ...gone });
    const [expiresAt] = expiries.slice(-1);
    const kept = { orderBy: { redeemedAt: "asc" } } as const;
    expect(await db.authorizationCode.findMany(kept)).toMatchObject([
      { expiresAt, grantId: "of this grant" },
      { expiresAt, grantId: null },
    ]);
    expect(await db.deviceAuthorization.findMany()).toMatchObject([{ expiresAt }]);
  });

  it("requests sent ahead and used proofs as soon as they have expired", async () => {
    for (const expiresAt of [at(-1), NOW, at(0.001)]) {
      await stores.pushedRequests.insert({ hash: randomHash(), clientId, parameters: {}, expiresAt });
      await stores.usedProofs.use(randomHash(), expiresAt);
    }
    expect(await stores.cleanUp(NOW)).toEqual({ ...NOTHING, pushedRequests: 2, usedProofs: 2 });
    const expiresAt = at(0.001);
    expect(await db.pushedRequest.findMany()).toMatchObject([{ expiresAt }]);
    expect(await db.usedProof.findMany()).toMatchObject([{ expiresAt }]);
  });
});

describe("of two processes that clean up at once", () => {
  it("each row is handled by one, and a backlog is worked off", async () => {
    await copySession(db, await insert({ idleExpiresAt: at(-1) }), BACKLOG - 1);
    const live = await insert();
    const counts = await Promise.all([stores.cleanUp(NOW), other.cleanUp(NOW)]);
    expect(counts.map(({ expiredSessions }) => expiredSessions).reduce((a, b) => a + b)).toBe(BACKLOG);
    expect(await db.session.count({ where: { endReason: "expired" } })).toBe(BACKLOG);
    expect(await stateOf(live)).toBe("live");
  });

  it("the one that does not hold the lock does nothing", async () => {
    const session = await insert({ idleExpiresAt: NOW });
    await withHolder(async (holder) => {
      await holder.query("BEGIN; SELECT pg_advisory_xact_lock(7234002)");
      expect(await stores.cleanUp(NOW)).toEqual(NOTHING);
      expect(await stateOf(session)).toBe("live");
      await holder.query("COMMIT");
      expect(await stores.cleanUp(NOW)).toEqual({ ...NOTHING, expiredSessions: 1 });
    });
  });
});

describe("while others serve", () => {
  it("a row that somebody holds is left for the next time, and nobody waits", async () => {
    const [held, free] = [await insert({ idleExpiresAt: NOW }), await insert({ idleExpiresAt: NOW })];
    await withHolder(async (holder) => {
      await holder.query("BEGIN");
      await holder.query("SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE", [held.id]);
      expect(await stores.cleanUp(NOW)).toEqual({ ...NOTHING, expiredSessions: 1 });
      expect([await stateOf(held), await stateOf(free)]).toEqual(["live", "expired"]);
      await holder.query("ROLLBACK");
      expect(await stores.cleanUp(NOW)).toEqual({ ...NOTHING, expiredSessions: 1 });
    });
  });

  it("a session refreshed at the last moment goes on: in a storm of both, none of them is lost", async () => {
    // Refreshed by a clock that is a millisecond behind the one that cleans up.
    const idleExpiresAt = at(0.001);
    // No more than there are connections: whoever waits for a free one too long fails.
    const limit = pLimit(10);
    const sessions = await limit.map(Array.from({ length: 300 }), () => insert({ idleExpiresAt }));
    let areAllAnswered = false;
    const refreshes = sessions.map((session) => limit(refresh, session));
    const storm = Promise.all(refreshes).finally(() => {
      areAllAnswered = true;
    });
    expect(await refreshes[0]).toBe(true);
    let expired = 0;
    while (!areAllAnswered) expired += (await other.cleanUp(idleExpiresAt)).expiredSessions;
    const answers = await storm;
    for (const [n, isRefreshed] of answers.entries()) {
      expect(await stateOf(sessions[n] as Session)).toBe(isRefreshed ? "live" : "expired");
    }
    expect(expired).toBe(answers.filter((isRefreshed) => !isRefreshed).length);
  });
});

it("the embedded database is cleaned up the same way", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "latchkey-cleanup-"));
  await withDatabase({ databaseUrl: null, dataDir }, async (url) => {
    await applyMigrations(url);
    const [embedded, client] = [openStores(url), createClient(url)];
    const session = newSession(await addUser(client, {}), { idleExpiresAt: NOW });
    await embedded.sessions.insert(session);
    await embedded.denials.deny({ kind: "sid", value: session.id, expiresAt: NOW });
    const wages = newClient();
    await embedded.clients.insert(wages, null);
    const { grant } = grantIn(session.id);
    await embedded.sessions.insert({
      ...newSession(ada, { userId: session.userId }),
      grant: { ...grant, clientId: wages.id },
    });
    await embedded.usedProofs.use(randomHash(), NOW);
    const over = { expiredSessions: 1, onlineGrants: 1, denials: 1, usedProofs: 1 };
    expect(await embedded.cleanUp(NOW)).toEqual({ ...NOTHING, ...over });
    expect(await embedded.cleanUp(at(30 * DAY_SECONDS))).toEqual({ ...NOTHING, endedSessions: 2 });
    await Promise.all([embedded.close(), client.$disconnect()]);
  });
  await rm(dataDir, { recursive: true });
});

/** So many like this one, in each of the browsers by turns. */
async function addGrants({ id }: Session, count: number, browsers: string[]): Promise<void> {
  await db.$executeRaw`
    INSERT INTO sessions (id, user_id, secret_hash, rotated_at, acknowledged_at, authenticated_at, created_at, last_seen_at,
      idle_expires_at, expires_at, ip, user_agent, client_id, parent_id, audience, scope)
    SELECT left(md5(id || n), 22), user_id, secret_hash, rotated_at, acknowledged_at, authenticated_at, created_at,
      last_seen_at, idle_expires_at, expires_at, ip, user_agent, client_id,
      (${browsers}::text[])[1 + n % ${browsers.length}::int], audience, scope
    FROM sessions, generate_series(1, ${count}::int) AS n WHERE id = ${id}`;
}

async function refresh({ id, secretHash, generation }: Session): Promise<boolean> {
  const client = { ip: "192.0.2.1", userAgent: "Firefox" };
  const proven = { sessionId: id, secretHash, generation, clientId: null };
  return (await stores.sessions.rotate(proven, { now: NOW, idleSeconds: 60, client })) !== null;
}

async function withHolder(work: (holder: Client) => Promise<void>): Promise<void> {
  const holder = new Client({ connectionString: database.url });
  await holder.connect();
  try {
    await work(holder);
  } finally {
    await holder.end();
  }
}
