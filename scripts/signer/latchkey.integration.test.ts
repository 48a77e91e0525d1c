import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "../../e2e/support/fresh-database";
import { queryDatabase } from "../../e2e/support/query-database";
import { COMMAND_LINE } from "../../lib/audit/actor";
import { readSettings } from "../../lib/config/settings";
import { addSeconds } from "../../lib/crypto/clock";
import { isSigningUnavailable } from "../../lib/keys/custody";
import { openSignerSocket } from "../../lib/keys/signer-socket";
import { sweepSigner } from "../../lib/keys/sweep-signer";
import { revokeKey } from "../../lib/revocation/revoke-key";
import { createServices, type Services } from "../../lib/services";
import { type RunningSigner, startSigner } from "./testing/running-signer";

/** Latchkey on Postgres with a real signing process. */

const ORIGIN = "http://localhost:3000";
const DAY_SECONDS = 86_400;
const STAGED_SECONDS = 900;
const RETIRING_SECONDS = 990;

let folder: string;
let database: TestDatabase;
let signer: RunningSigner;
let appSecret: string;
let opened: Services[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-signer-"));
  appSecret = randomBytes(32).toString("base64url");
  opened = [];
  [database, signer] = await Promise.all([freshDatabase(), startSigner(folder)]);
});

afterEach(async () => {
  await Promise.all(opened.map((services) => services.stop()));
  await signer.kill();
  await database.drop();
  await rm(folder, { recursive: true });
});

function createLatchkey(settings: Record<string, string> = { SIGNER_SOCKET: signer.socket }): Services {
  const own = { DATABASE_URL: database.url, APP_SECRET: appSecret, APP_ORIGIN: ORIGIN, LOG_LEVEL: "silent" };
  const services = createServices(readSettings({ ...own, ...settings }));
  opened.push(services);
  return services;
}

async function openLatchkey(settings?: Record<string, string>): Promise<Services> {
  const services = createLatchkey(settings);
  await services.openKeys();
  return services;
}

interface Row {
  kid: string;
  state: string;
  custody: string;
  sealed_private_key: Buffer | null;
}

const rows = () =>
  queryDatabase<Row>(
    database.url,
    "SELECT kid, state::text, custody, sealed_private_key FROM signing_keys ORDER BY created_at, activates_at NULLS FIRST",
  );
const states = async () => (await rows()).map(({ state }) => state).join(" ");
const heldKids = async () => {
  const { keys } = await openSignerSocket(signer.socket, ORIGIN).list();
  return keys.map(({ kid }) => kid);
};

/** So much time passes in the database. */
const pass = (seconds: number) =>
  queryDatabase(
    database.url,
    `UPDATE signing_keys SET created_at = created_at - $1 * interval '1 second',
       activates_at = activates_at - $1 * interval '1 second',
       activated_at = activated_at - $1 * interval '1 second',
       retiring_at = retiring_at - $1 * interval '1 second'`,
    [seconds],
  );

async function issue({ sessions }: Services): Promise<string> {
  const now = new Date();
  const subject = { userId: randomUUID(), sessionId: randomUUID(), generation: 0, role: "user" as const };
  const dates = { authenticatedAt: now, sessionExpiresAt: addSeconds(now, DAY_SECONDS) };
  return (await sessions.issueAccessToken({ ...subject, ...dates }, now)).accessToken;
}

async function kidVerifiedBy({ keyring }: Services, accessToken: string): Promise<string | undefined> {
  const keys = createLocalJWKSet(JSON.parse(keyring.jwks.body) as JSONWebKeySet);
  const verified = await jwtVerify(accessToken, keys, { issuer: ORIGIN, audience: ORIGIN, typ: "at+jwt" });
  return verified.protectedHeader.kid;
}

describe("the whole life of keys that the process holds", () => {
  it.each(["ES256", "RS256", "EdDSA"])(
    "%s: from staged to retired, erased there when they have stopped",
    async (algorithm) => {
      const latchkey = await openLatchkey({ SIGNER_SOCKET: signer.socket, SESSION_ALGORITHM: algorithm });
      expect(await states()).toBe("active staged");
      const [first = "", second = ""] = (await rows()).map(({ kid }) => kid);
      expect(await heldKids()).toEqual(expect.arrayContaining([first, second]));
      const token = await issue(latchkey);
      expect(await kidVerifiedBy(latchkey, token)).toBe(first);

      await pass(30 * DAY_SECONDS);
      await latchkey.openKeys();
      expect(await states()).toBe("retiring active staged");
      expect(await kidVerifiedBy(latchkey, await issue(latchkey))).toBe(second);
      expect(await kidVerifiedBy(latchkey, token)).toBe(first);
      await pass(60);
      await sweepSigner(latchkey.keys.outside ?? never(), latchkey.keyring);
      expect(await heldKids()).not.toContain(first);
      expect(await kidVerifiedBy(latchkey, token)).toBe(first);

      await pass(RETIRING_SECONDS);
      await latchkey.openKeys();
      expect(await states()).toBe("retired active staged");
      await expect(kidVerifiedBy(latchkey, token)).rejects.toThrow("no applicable key found");
      expect((await heldKids()).toSorted()).toEqual(
        (await rows())
          .slice(1)
          .map(({ kid }) => kid)
          .toSorted(),
      );
      expect((await rows()).map(({ sealed_private_key: sealed }) => sealed)).toEqual([null, null, null]);
      expect(await latchkey.metrics.text()).toMatch(/^latchkey_signing_seconds_count 2$/m);
    },
  );

  it("a revoked one is erased there at once", async () => {
    const latchkey = await openLatchkey();
    const [{ kid } = never()] = await rows();
    await revokeKey(latchkey.keys, kid, "found in a backup", COMMAND_LINE);
    expect(await heldKids()).not.toContain(kid);
    expect(await states()).toBe("revoked active staged");
  });
});

describe("moving", () => {
  it("there: the sealed key signs until every verifier can have heard of the other", async () => {
    const before = await openLatchkey({});
    const [sealed] = await rows();
    const token = await issue(before);
    const latchkey = await openLatchkey();
    expect(await kidVerifiedBy(latchkey, await issue(latchkey))).toBe(sealed?.kid);
    const [staged] = await heldKids();
    await pass(STAGED_SECONDS);
    await latchkey.openKeys();
    expect(await kidVerifiedBy(latchkey, await issue(latchkey))).toBe(staged);
    expect(await kidVerifiedBy(latchkey, token)).toBe(sealed?.kid);
    expect((await rows()).find(({ kid }) => kid === sealed?.kid)?.sealed_private_key).toBeNull();
  });

  it("and back: the process signs until every verifier can have heard of the sealed one", async () => {
    const before = await openLatchkey();
    const [outside] = await rows();
    const token = await issue(before);
    const latchkey = await openLatchkey({ SIGNER_SOCKET: signer.socket, SIGNER_NEW_KEYS: "false" });
    expect(await kidVerifiedBy(latchkey, await issue(latchkey))).toBe(outside?.kid);
    await pass(STAGED_SECONDS);
    await latchkey.openKeys();
    const sealed = (await rows()).find(({ state }) => state === "active");
    expect(sealed?.custody).toMatch(/^app-secret:/);
    await signer.stop();
    const without = await openLatchkey({});
    expect(await kidVerifiedBy(without, await issue(without))).toBe(sealed?.kid);
    expect(await kidVerifiedBy(without, token)).toBe(outside?.kid);
  });
});

describe("a process that is killed", () => {
  it("under load: what is signed meanwhile fails as unavailable, the rest goes on, and it comes back by itself", async () => {
    const latchkey = createLatchkey();
    await latchkey.start();
    const before = await rows();
    const token = await issue(latchkey);
    const outcomes: ("issued" | "unavailable")[] = [];
    let isOver = false;
    const work = async () => {
      while (!isOver) {
        outcomes.push(await issue(latchkey).then(() => "issued" as const, unavailable));
        expect((await latchkey.sessions.verifyAccessToken(token)).ok).toBe(true);
        await new Promise(setImmediate);
      }
    };
    const workers = Array.from({ length: 8 }, work);
    const until = (outcome: (typeof outcomes)[number], since: number) =>
      expect
        .poll(() => outcomes.slice(since).filter((one) => one === outcome).length, { timeout: 30_000 })
        .toBeGreaterThan(20);

    await until("issued", 0);
    await signer.kill();
    await until("unavailable", outcomes.length);
    await expect.poll(() => isReady(latchkey)).toBe(false);
    signer = await startSigner(folder);
    await until("issued", outcomes.length);
    await expect.poll(() => isReady(latchkey)).toBe(true);
    isOver = true;
    await Promise.all(workers);
    expect(await rows()).toEqual(before);
  });

  it("before Latchkey starts: it starts all the same, and signs as soon as it can", async () => {
    await signer.kill();
    const latchkey = createLatchkey();
    await latchkey.start();
    expect(isReady(latchkey)).toBe(false);
    signer = await startSigner(folder);
    await expect.poll(() => isReady(latchkey), { timeout: 30_000 }).toBe(true);
    await issue(latchkey);
    await expect.poll(states).toBe("active staged");
  });
});

function isReady({ keyring }: Services): boolean {
  try {
    return keyring.signer !== null;
  } catch {
    return false;
  }
}

function unavailable(error: unknown): "unavailable" {
  if (!isSigningUnavailable(error)) throw error;
  return "unavailable";
}

function never(): never {
  throw new Error("It is there.");
}
