import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { readSettings } from "@/lib/config/settings";
import { addSeconds } from "@/lib/crypto/clock";
import { createServices, type Services } from "@/lib/services";
import { authenticate } from "@/lib/sessions/authenticate";
import { endSessions } from "@/lib/sessions/end-sessions";
import { refreshSession } from "@/lib/sessions/refresh-session";
import type { SessionUser } from "@/lib/sessions/session";
import { startSession } from "@/lib/sessions/start-session";

const BROWSER = { ip: "192.0.2.1", userAgent: "Firefox" };
const BEGUN_AT = new Date("2027-01-01T12:00:00Z");
/** The clocks of two instances may be this far apart (DESIGN.md, "When things fail"). */
const SKEW_SECONDS = 10;

let database: TestDatabase;
let now = BEGUN_AT;
let punctual: Services;
let fast: Services;
let user: SessionUser;
beforeAll(async () => {
  database = await freshDatabase();
  const APP_SECRET = randomBytes(32).toString("base64url");
  const open = async (REVOCATION: string, skewSeconds: number) => {
    const settings = readSettings({
      DATABASE_URL: database.url,
      APP_SECRET,
      REVOCATION,
      LOG_LEVEL: "silent",
    });
    const services = createServices(settings, { now: () => addSeconds(now, skewSeconds) });
    await services.openKeys();
    return services;
  };
  punctual = await open("strict", 0);
  fast = await open("strict", SKEW_SECONDS);
  const inserted = await punctual.stores.users.insert({
    id: randomUUID(),
    email: "ada@example.test",
    name: null,
    role: "user",
    passwordHash: null,
    createdAt: BEGUN_AT,
  });
  if (inserted === null) throw new Error("the address is taken");
  user = inserted;
});
afterAll(async () => {
  await Promise.all([punctual.stop(), fast.stop()]);
  await database.drop();
});

const end = (by: Services, id: string) =>
  endSessions(by.sessions, { kind: "ids", ids: [id], ownedBy: null }, "revoked_by_admin", {
    actorId: null,
    client: null,
    details: {},
  });

describe("two instances whose clocks are ten seconds apart", () => {
  it("accept each other's tokens at once and renew each other's sessions", async () => {
    now = BEGUN_AT;
    const started = await startSession(fast.sessions, user, BROWSER);
    expect(await authenticate(punctual.sessions, started.accessToken)).toMatchObject({ ok: true });
    const renewed = await refreshSession(punctual.sessions, started.refreshToken, BROWSER);
    expect(await authenticate(fast.sessions, renewed.accessToken)).toMatchObject({ ok: true });
    const repeated = await refreshSession(fast.sessions, started.refreshToken, BROWSER);
    expect(repeated.refreshToken).toBe(renewed.refreshToken);
  });

  it.each([
    ["fast", "punctual"],
    ["punctual", "fast"],
  ])(
    "refuse a token that the %s one issued and the %s one took back, until it has expired everywhere",
    async (issuer) => {
      const [by, other] = issuer === "fast" ? [fast, punctual] : [punctual, fast];
      now = BEGUN_AT;
      const { accessToken, session } = await startSession(by.sessions, user, BROWSER);
      expect(await end(other, session.id)).toEqual([session.id]);
      for (let seconds = 0; seconds <= 700; seconds += 1) {
        now = addSeconds(BEGUN_AT, seconds);
        for (const instance of [by, other]) {
          const { ok } = await authenticate(instance.sessions, accessToken);
          expect(ok, `${seconds} s later`).toBe(false);
        }
      }
    },
  );
});
