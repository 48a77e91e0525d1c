import { randomUUID } from "node:crypto";
import { Client as PostgresClient } from "pg";
import { freshDatabase } from "@/e2e/support/fresh-database";
import type { Client } from "@/lib/audit/events";
import { readSettings } from "@/lib/config/settings";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { createServices, type Services } from "@/lib/services";
import { authenticate } from "@/lib/sessions/authenticate";
import type { Credentials } from "@/lib/sessions/credentials";
import { refreshSession } from "@/lib/sessions/refresh-session";
import type { Role } from "@/lib/sessions/session";
import type { User } from "../user-store";

export const START = new Date("2026-11-24T12:00:00Z");
export const PASSWORD = "orchid velvet tractor winds";
export const OTHER_PASSWORD = "seven amber harbours beneath";

export const clientAt = (ip: string): Client => ({ ip, userAgent: "Firefox" });
export const HOME = clientAt("192.0.2.10");

export interface AuditRow {
  type: string;
  actor_id: string | null;
  user_id: string | null;
  session_id: string | null;
  ip: string | null;
  details: Record<string, unknown>;
}

/** The whole product on a database of its own, with a clock that stands still. */
export interface TestHouse {
  services: Services;
  identity: Services["identity"];
  clock: HeldClock;
  /** A person who has chosen a password. */
  addPerson(person?: { email?: string; role?: Role; password?: string | null }): Promise<User>;
  /** Whether the next request with this access token, or a refresh with this refresh token, would be let in. */
  isLetIn(credentials: Credentials): Promise<{ access: boolean; refresh: boolean }>;
  liveSessions(userId: string): Promise<string[]>;
  query<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]>;
  events(type?: string): Promise<AuditRow[]>;
  close(): Promise<void>;
}

export async function openHouse(variables: Record<string, string> = {}): Promise<TestHouse> {
  const database = await freshDatabase();
  const settings = readSettings({
    DATABASE_URL: database.url,
    APP_SECRET: "Zk9vQ2t1bWJlcjEyMzQ1Njc4OTBhYmNkZWZnaGlqa2w",
    APP_ORIGIN: "https://login.example.com",
    LOG_LEVEL: "silent",
    ...variables,
  });
  const clock = new HeldClock(START);
  const services = createServices(settings, clock);
  const postgres = new PostgresClient({ connectionString: database.url });
  await postgres.connect();
  await services.start();
  const query = async <Row extends object>(sql: string, values: unknown[] = []) =>
    (await postgres.query<Row>(sql, values)).rows;
  return {
    services,
    identity: services.identity,
    clock,
    addPerson: (person) => addPerson(services, person),
    isLetIn: (credentials) => isLetIn(services, credentials),
    liveSessions: async (userId) => {
      const page = { limit: 200, cursor: null };
      return (await services.stores.sessions.listLiveOfUser(userId, page, clock.now())).items.map(
        ({ id }) => id,
      );
    },
    query,
    events: (type) =>
      // Without the first signing keys, which every house has.
      query<AuditRow>(
        "SELECT * FROM audit_events WHERE type = COALESCE($1, type) AND type NOT LIKE 'signing_key.%' ORDER BY id",
        [type ?? null],
      ),
    close: async () => {
      await services.stop();
      await postgres.end();
      await database.drop();
    },
  };
}

async function addPerson(
  { identity, clock }: Services,
  {
    email = `${randomUUID()}@example.com`,
    role = "user",
    password = PASSWORD,
  }: { email?: string; role?: Role; password?: string | null } = {},
): Promise<User> {
  const passwordHash = password === null ? null : await identity.hasher.hash(password);
  const person = { id: randomUUID(), email, name: null, role, passwordHash, createdAt: clock.now() };
  const user = await identity.users.insert(person);
  if (user === null) throw new Error(`${email} is taken.`);
  return user;
}

async function isLetIn({ sessions }: Services, credentials: Credentials) {
  const refreshed = await refreshSession(sessions, credentials.refreshToken, HOME).then(
    () => true,
    () => false,
  );
  return { access: (await authenticate(sessions, credentials.accessToken)).ok, refresh: refreshed };
}

export const LET_IN = { access: true, refresh: true };
export const SHUT_OUT = { access: false, refresh: false };

/** The error that the work ends with; fails when it succeeds. */
export async function errorOf(work: Promise<unknown>): Promise<unknown> {
  const outcome = await work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("value" in outcome) throw new Error(`Succeeded: ${JSON.stringify(outcome.value)}`);
  return outcome.error;
}

/** Which of many attempts at once succeeded, and the code that each of the others was refused with. */
export async function raceOf<Value>(attempts: readonly Promise<Value>[]) {
  const outcomes = await Promise.allSettled(attempts);
  const succeeded = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const refusals = outcomes.flatMap((outcome) =>
    outcome.status === "rejected" ? [(outcome.reason as { code?: unknown }).code ?? outcome.reason] : [],
  );
  return { succeeded, refusals };
}
