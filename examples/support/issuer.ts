import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ADMIN } from "../../e2e/instances/support/cluster";
import { exchange, type RequestOptions, type Server } from "../../e2e/instances/support/exchange";
import { joined, signedIn, type Visitor } from "../../e2e/instances/support/visitor";
import { freePort } from "../../e2e/support/free-port";
import { emptyDatabase } from "../../e2e/support/fresh-database";
import { type RunningLatchkey, startLatchkey } from "../../e2e/support/latchkey";
import { queryDatabase } from "../../e2e/support/query-database";

const READY = /Latchkey is ready at/;

/** A Latchkey that the services of a test trust, on a database of its own; it may be ended and started again. */
export interface Issuer extends Server {
  port: number;
  admin: Visitor;
  /** As an administrator does it. Rejects when it is refused. */
  manage<Answer>(method: string, path: string, body?: unknown): Promise<Answer>;
  sql<Row extends object>(text: string, values: unknown[]): Promise<Row[]>;
  /** Ends it without warning. */
  kill(): Promise<void>;
  /** After `kill`. `env` is on top of what it had at first. */
  restart(env?: Record<string, string>): Promise<void>;
  /** Ends it if it runs, and drops what it kept. */
  remove(): Promise<void>;
}

/** Resolves when it serves. `env` is on top of the default settings; `APP_ORIGIN` is where a front listens, if there is one. */
export async function startIssuer(env: Record<string, string> = {}): Promise<Issuer> {
  const [database, dataDir, port] = await Promise.all([
    emptyDatabase(),
    mkdtemp(join(tmpdir(), "latchkey-issuer-")),
    freePort(),
  ]);
  const settings = {
    PORT: String(port),
    APP_ORIGIN: `http://localhost:${port}`,
    DATABASE_URL: database.url,
    APP_SECRET: randomBytes(32).toString("base64url"),
    SIGNUP: "open",
    BOOTSTRAP_ADMIN_EMAIL: ADMIN.email,
    BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password,
    TRUSTED_PROXIES: "127.0.0.1",
    ...env,
  };
  const start = (more: Record<string, string> = {}) =>
    startLatchkey({ env: { ...settings, ...more }, dataDir, ready: READY });
  let running: RunningLatchkey | null = await start();
  const host = new URL(settings.APP_ORIGIN).host;
  const server: Server = {
    origin: settings.APP_ORIGIN,
    request: (method, path, options: RequestOptions = {}) => exchange({ port, host, method, path }, options),
  };
  const admin = await signedIn(server);
  return {
    ...server,
    port,
    admin,
    manage: (method, path, body) => manage(server, admin, method, path, body),
    sql: (text, values) => queryDatabase(database.url, text, values),
    kill: async () => {
      await running?.kill();
      running = null;
    },
    restart: async (more) => {
      running = await start(more);
    },
    remove: async () => {
      await running?.stop();
      await database.drop();
      await rm(dataDir, { recursive: true });
    },
  };
}

async function manage<Answer>(
  server: Server,
  admin: Visitor,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const answer = await admin.request(server, method, `/api/admin/${path}`, { body });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
  return (answer.body === "" ? null : answer.json()) as Answer;
}

export interface CreatedAudience {
  feedToken: string;
  secret: { kid: string; secret: string } | null;
}

export const addAudience = (issuer: Issuer, audience: object): Promise<CreatedAudience> =>
  issuer.manage("POST", "audiences", audience);

export interface CreatedClient {
  client: { id: string };
  secret: string | null;
}

export const addClient = (issuer: Issuer, client: object): Promise<CreatedClient> =>
  issuer.manage("POST", "clients", client);

/** A token for a service, as a page of somebody who is signed in asks for it. */
export async function tokenFor(issuer: Issuer, visitor: Visitor, audience: string): Promise<string> {
  const answer = await visitor.request(issuer, "POST", "/api/auth/token", { body: { audience } });
  if (answer.status !== 200) throw new Error(`POST /api/auth/token: ${answer.status} ${answer.body}`);
  return answer.json<{ accessToken: string }>().accessToken;
}

/** An administrator ends a session. Resolves with the instant by which that was done, in milliseconds. */
export async function revokeSession(issuer: Issuer, sessionId: string): Promise<number> {
  await issuer.manage("POST", "sessions/revoke", { sessionIds: [sessionId], reason: "test" });
  return Date.now();
}

/** A new person, signed in. */
export const newVisitor = (issuer: Server): Promise<Visitor> => joined(issuer);
