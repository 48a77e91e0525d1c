import { randomBytes } from "node:crypto";
import { freePort } from "../../support/free-port";
import { emptyDatabase } from "../../support/fresh-database";
import { queryDatabase } from "../../support/query-database";
import { Instance } from "./instance";

export type { Answer, RequestOptions, Server } from "./exchange";
export { Instance } from "./instance";

/** The first administrator of every cluster. */
export const ADMIN = { email: "ada@example.com", password: "seven kettles sing at dawn" };

export interface ClusterOptions {
  /** How many processes. */
  count: number;
  /** Absent: a new and empty one at TEST_DATABASE_URL, which `stop` drops. */
  databaseUrl?: string;
  redisUrl?: string;
  /** On top of what every instance has; an empty value unsets. */
  env?: Record<string, string>;
  /** What the instance of this index alone has, on top of that. */
  envOf?: (index: number) => Record<string, string>;
}

/** Several processes of the production build on one database, as a proxy that believes `X-Forwarded-For` sees them. */
export interface Cluster {
  /** Public origin, at whose port nobody listens until a test puts a proxy there. */
  origin: string;
  databaseUrl: string;
  instances: Instance[];
  /** The instance at this place of an endless round of them. */
  instance(index: number): Instance;
  /** Asks the database directly. */
  sql<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Ends what was started, and drops the database if it was made here. */
  stop(): Promise<void>;
}

/** Resolves when every instance serves; they start all at once. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const made = options.databaseUrl === undefined ? await emptyDatabase() : null;
  const databaseUrl = options.databaseUrl ?? made?.url ?? "";
  const origin = `http://localhost:${await freePort()}`;
  const environment = { ...settings(origin, databaseUrl, options.redisUrl), ...options.env };
  const instances = await createInstances(options.count, origin, (index) => ({
    ...environment,
    ...options.envOf?.(index),
  }));
  const stop = async () => {
    await Promise.all(instances.map((instance) => instance.remove()));
    await made?.drop();
  };
  try {
    await Promise.all(instances.map((instance) => instance.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    origin,
    databaseUrl,
    instances,
    instance: (index) => instances[index % instances.length] as Instance,
    sql: (text, values) => queryDatabase(databaseUrl, text, values),
    stop,
  };
}

/** One after the other, so that no two are given the same free port. */
async function createInstances(
  count: number,
  origin: string,
  environmentOf: (index: number) => Record<string, string>,
) {
  const instances: Instance[] = [];
  while (instances.length < count)
    instances.push(await Instance.create(origin, environmentOf(instances.length)));
  return instances;
}

/** Every setting is here, so that none comes from a developer's shell. */
const settings = (origin: string, databaseUrl: string, redisUrl = ""): Record<string, string> => ({
  APP_ORIGIN: origin,
  DATABASE_URL: databaseUrl,
  REDIS_URL: redisUrl,
  UPSTASH_REDIS_REST_URL: "",
  UPSTASH_REDIS_REST_TOKEN: "",
  APP_SECRET: randomBytes(32).toString("base64url"),
  APP_SECRET_FILE: "",
  REVOCATION: "",
  SHUTDOWN_DELAY_SECONDS: "0",
  ACCESS_TOKEN_MINUTES: "",
  SESSION_IDLE_DAYS: "",
  SESSION_MAX_DAYS: "",
  CLOCK_TOLERANCE_SECONDS: "",
  SESSION_ALGORITHM: "",
  SIGNER_SOCKET: "",
  SIGNER_NEW_KEYS: "",
  SIGNUP: "open",
  BOOTSTRAP_ADMIN_EMAIL: ADMIN.email,
  BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password,
  TRUSTED_PROXIES: "127.0.0.1",
  METRICS_TOKEN: "",
  LOG_LEVEL: "",
  INSECURE_COOKIES: "",
});
