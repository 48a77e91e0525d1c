import { randomBytes } from "node:crypto";
import { test as base, expect } from "playwright/test";
import { type RunningLatchkey, startLatchkey } from "../../support/latchkey";
import { queryDatabase } from "../../support/query-database";
import { type Credentials, cookieHeader, credentialsSet } from "./cookies";
import { type Answer, type Call, exchangeRaw, type HeaderFields, type RawAnswer, sendTo } from "./http";

export { expect };

export interface Person extends Credentials {
  email: string;
  password: string;
  userId: string;
  sessionId: string;
}

/** A running Latchkey under attack, with an administrator whom no form was needed for. */
export interface Target {
  running: RunningLatchkey;
  origin: string;
  host: string;
  appSecret: string;
  admin: Pick<Person, "email" | "password">;
  /** From another client address each time, so that no limit by address stands in the way of another row. */
  send(call: Call): Promise<Answer>;
  /** As our own page would call the API: with an `Origin`, and these cookies. */
  sendAs(held: Partial<Credentials>, call: Call): Promise<Answer>;
  raw(bytes: string | Buffer, patienceMs?: number): Promise<RawAnswer>;
  sql<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  signUp(email?: string): Promise<Person>;
  logIn(who: Pick<Person, "email" | "password">, headers?: HeaderFields): Promise<Person>;
}

/** Long and random: not guessable, and easy to find in a log. */
export const freshPassword = (): string => `Pw.${randomBytes(18).toString("base64url")}`;
export const freshEmail = (): string => `p${randomBytes(6).toString("hex")}@example.com`;

let lastAddress = 0;
/** An IPv4 address no other call of this process has come from. */
export function freshAddress(): string {
  lastAddress += 1;
  return `10.${(lastAddress >> 16) & 255}.${(lastAddress >> 8) & 255}.${lastAddress & 255}`;
}

type Environment = Record<string, string>;

/** For files whose target has no settings of its own: the files of a worker share one, which is most of their time. */
export const test = base.extend<object, { sharedTarget: Target }>({
  sharedTarget: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from this pattern.
    async ({}, use) => {
      const target = await startTarget({});
      await use(target);
      await target.running.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
});

/** The target of a file's tests, which it gives once they run: the shared one, or with these settings one of its own. */
export function targetOfFile(env?: Environment | (() => Promise<Environment>)): () => Target {
  let target: Target | null = null;
  if (env === undefined) {
    test.beforeAll(({ sharedTarget }) => {
      target = sharedTarget;
    });
  } else {
    base.beforeAll(async () => {
      target = await startTarget(typeof env === "function" ? await env() : env);
    });
    base.afterAll(async () => {
      await target?.running.stop();
    });
  }
  return () => {
    if (target === null) throw new Error("The target is there only while a test runs.");
    return target;
  };
}

async function startTarget(env: Environment): Promise<Target> {
  const admin = { email: "root@example.com", password: freshPassword() };
  const appSecret = randomBytes(32).toString("base64url");
  const running = await startLatchkey({
    ready: /is ready at/,
    env: {
      APP_SECRET: appSecret,
      BOOTSTRAP_ADMIN_EMAIL: admin.email,
      BOOTSTRAP_ADMIN_PASSWORD: admin.password,
      SIGNUP: "open",
      TRUSTED_PROXIES: "127.0.0.1,::1",
      ...env,
    },
  });
  const { host, origin } = new URL(running.origin);
  const send = (call: Call) =>
    sendTo(running.port, host, { ...call, headers: { "x-forwarded-for": freshAddress(), ...call.headers } });
  const sendAs = (held: Partial<Credentials>, call: Call) =>
    send({ ...call, headers: { origin, cookie: cookieHeader(held), ...call.headers } });
  return {
    running,
    origin,
    host,
    appSecret,
    admin,
    send,
    sendAs,
    raw: (bytes, patienceMs) => exchangeRaw(running.port, bytes, patienceMs),
    sql: (text, values) => queryDatabase(running.databaseUrl, text, values),
    signUp: (email = freshEmail()) =>
      enter(send, origin, "/api/auth/signup", { email, password: freshPassword() }),
    logIn: (who, headers) => enter(send, origin, "/api/auth/login", who, headers),
  };
}

async function enter(
  send: Target["send"],
  origin: string,
  path: string,
  { email, password }: Pick<Person, "email" | "password">,
  headers: HeaderFields = {},
): Promise<Person> {
  const answer = await send({ path, headers: { origin, ...headers }, body: { email, password } });
  expect([200, 201], `${path}: ${answer.text}`).toContain(answer.status);
  const { user, session }: { user: { id: string }; session: { id: string } } = JSON.parse(answer.text);
  return { email, password, userId: user.id, sessionId: session.id, ...credentialsSet(answer) };
}
