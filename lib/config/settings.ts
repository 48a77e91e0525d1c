import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import {
  daysToSeconds,
  MAX_ACCESS_TOKEN_SECONDS,
  MAX_CLOCK_TOLERANCE_SECONDS,
  MAX_SHUTDOWN_DELAY_SECONDS,
  MULTIPLE_SHUTDOWN_DELAY_SECONDS,
  minutesToSeconds,
} from "./durations";
import { parseRange } from "./ip-address";
import { parsePrivateHost } from "./private-hosts";
import { isLoopbackHost, isRedisRestUrl, isRedisUrl, type RedisConnection } from "./redis-connection";
import { SettingError } from "./setting-error";

export type RevocationMode = "replica" | "strict";

export interface Settings {
  port: number;
  /** Public origin, no trailing slash; also the issuer (`iss`). */
  origin: string;
  dataDir: string;
  /** Null: the launcher starts the embedded database in `dataDir`. */
  databaseUrl: string | null;
  /** Null: there is none. */
  redis: RedisConnection | null;
  /** The first seals and signs, all open and verify. Empty: the launcher generates one into `dataDir`. */
  secrets: readonly string[];
  revocation: RevocationMode;
  accessTokenSeconds: number;
  sessionIdleSeconds: number;
  sessionMaxSeconds: number;
  clockToleranceSeconds: number;
  /** From one change of the signing key to the next. */
  keyRotationSeconds: number;
  sessionAlgorithm: "ES256" | "RS256" | "EdDSA" | "HS256";
  /** The Unix socket of a process that holds the private keys. Null: they are sealed in the database. */
  signerSocket: string | null;
  /** False: the signer goes on with the keys that it has, and new ones are sealed in the database. */
  signerNewKeys: boolean;
  /** Told to stop, the process goes on taking connections for so long, while `/readyz` says that it will end. */
  shutdownDelaySeconds: number;
  signup: "invite" | "open";
  bootstrapAdmin: { email: string; password: string } | null;
  /** Addresses or CIDR ranges whose `X-Forwarded-For` is believed. */
  trustedProxies: readonly string[];
  /** Hosts, with or without a port, that documents may be fetched from wherever they are, also over plain http. */
  privateHosts: readonly string[];
  /** What `/metrics` may be read with from elsewhere than this machine. Null: with nothing. */
  metricsToken: string | null;
  logLevel: "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";
  /** False only by `INSECURE_COOKIES=true` on a loopback origin: drops `Secure` and the name prefix. */
  secureCookies: boolean;
  /** True under `npm run dev`. */
  development: boolean;
}

const MINIMUM_SECRET_BYTES = 32;
/** A secret made of few different characters was typed, not drawn at random (SECURITY.md J5). */
const MINIMUM_DISTINCT_CHARACTERS = 10;

const whole = (from: number, to: number, fallback?: number) =>
  z.preprocess(
    (value) => (typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : (value ?? fallback)),
    z.number(`a whole number from ${from} to ${to}`).int().min(from).max(to),
  );

const isStrong = (secret: string): boolean =>
  Buffer.byteLength(secret) >= MINIMUM_SECRET_BYTES && new Set(secret).size >= MINIMUM_DISTINCT_CHARACTERS;

/** What an HTTP header can carry after `Bearer`. */
const isBearerToken = (text: string): boolean => /^[\x21-\x7e]+$/.test(text);

const environment = z.object({
  PORT: whole(1, 65_535, 3000),
  APP_ORIGIN: z.string().optional(),
  DATA_DIR: z.string().default(".data"),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  REDIS_URL: z.string().refine(isRedisUrl).optional(),
  UPSTASH_REDIS_REST_URL: z.string().refine(isRedisRestUrl).optional(),
  UPSTASH_REDIS_REST_TOKEN: z.string().refine(isBearerToken).optional(),
  APP_SECRET: z.string().optional(),
  APP_SECRET_FILE: z.string().optional(),
  REVOCATION: z.enum(["replica", "strict"]).optional(),
  ACCESS_TOKEN_MINUTES: whole(5, MAX_ACCESS_TOKEN_SECONDS / 60, 10),
  SESSION_IDLE_DAYS: whole(1, 365, 7),
  SESSION_MAX_DAYS: whole(1, 365, 30),
  CLOCK_TOLERANCE_SECONDS: whole(0, MAX_CLOCK_TOLERANCE_SECONDS, 10),
  KEY_ROTATION_DAYS: whole(1, 365, 30),
  SHUTDOWN_DELAY_SECONDS: whole(0, MAX_SHUTDOWN_DELAY_SECONDS).optional(),
  SIGNUP: z.enum(["invite", "open"]).default("invite"),
  BOOTSTRAP_ADMIN_EMAIL: z.email().optional(),
  BOOTSTRAP_ADMIN_PASSWORD: z.string().optional(),
  TRUSTED_PROXIES: z.string().default(""),
  PRIVATE_HOSTS: z.string().default(""),
  METRICS_TOKEN: z
    .string()
    .refine((token) => isStrong(token) && isBearerToken(token))
    .optional(),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
  INSECURE_COOKIES: z.enum(["true", "false"]).default("false"),
  SESSION_ALGORITHM: z.enum(["ES256", "RS256", "EdDSA", "HS256"]).default("ES256"),
  SIGNER_SOCKET: z.string().optional(),
  SIGNER_NEW_KEYS: z.enum(["true", "false"]).default("true"),
  NODE_ENV: z.string().optional(),
});

type Environment = z.infer<typeof environment>;

/** What a wrong setting may hold instead, in the words of its one-line error. */
const ALLOWED: Record<keyof Environment, string> = {
  PORT: "a whole number from 1 to 65535",
  APP_ORIGIN: "an https origin without a path, or http on localhost",
  DATA_DIR: "a folder",
  DATABASE_URL: "a postgresql:// URL",
  REDIS_URL:
    "a redis:// or rediss:// URL without parameters, unless UPSTASH_REDIS_REST_URL or UPSTASH_REDIS_REST_TOKEN is set",
  UPSTASH_REDIS_REST_URL: "an https URL, or http on localhost, together with UPSTASH_REDIS_REST_TOKEN",
  UPSTASH_REDIS_REST_TOKEN: "the token that belongs to UPSTASH_REDIS_REST_URL",
  APP_SECRET: `one or more secrets of at least ${MINIMUM_SECRET_BYTES} random bytes each, separated by commas`,
  APP_SECRET_FILE: "a readable file that holds what APP_SECRET may hold",
  REVOCATION: "replica or strict",
  ACCESS_TOKEN_MINUTES: "a whole number from 5 to 15",
  SESSION_IDLE_DAYS: "a whole number from 1 to 365, not above SESSION_MAX_DAYS",
  SESSION_MAX_DAYS: "a whole number from 1 to 365",
  CLOCK_TOLERANCE_SECONDS: "a whole number from 0 to 30",
  KEY_ROTATION_DAYS: "a whole number from 1 to 365",
  SHUTDOWN_DELAY_SECONDS: "a whole number from 0 to 30",
  SIGNUP: "invite or open",
  BOOTSTRAP_ADMIN_EMAIL: "an e-mail address, together with BOOTSTRAP_ADMIN_PASSWORD",
  BOOTSTRAP_ADMIN_PASSWORD: "a password, together with BOOTSTRAP_ADMIN_EMAIL",
  TRUSTED_PROXIES: "addresses or CIDR ranges, separated by commas",
  PRIVATE_HOSTS: "hosts, each alone or with a port (host:8443), separated by commas",
  METRICS_TOKEN: `one secret of at least ${MINIMUM_SECRET_BYTES} random bytes, without spaces`,
  LOG_LEVEL: "fatal, error, warn, info, debug, trace or silent",
  INSECURE_COOKIES: "true (only on a loopback origin) or false",
  SESSION_ALGORITHM: "ES256, RS256, EdDSA or HS256",
  SIGNER_SOCKET: "the path of a Unix socket, unless SESSION_ALGORITHM is HS256",
  SIGNER_NEW_KEYS: "true, or false while keys move back from the signer",
  NODE_ENV: "production or development",
};

const SECRET_NAMES = new Set<keyof Environment>([
  "APP_SECRET",
  "BOOTSTRAP_ADMIN_PASSWORD",
  "DATABASE_URL",
  "METRICS_TOKEN",
  "REDIS_URL",
  "UPSTASH_REDIS_REST_TOKEN",
  "UPSTASH_REDIS_REST_URL",
]);

/** An address before an `@` may have a password in it. */
const isSecret = (name: keyof Environment, held: string): boolean =>
  SECRET_NAMES.has(name) || (name !== "BOOTSTRAP_ADMIN_EMAIL" && held.includes("@"));

function refuse(name: keyof Environment, held: string | undefined): never {
  const shown =
    held === undefined ? "is not set" : isSecret(name, held) ? "is not usable" : `is ${JSON.stringify(held)}`;
  throw new SettingError(`${name} ${shown}; it may hold ${ALLOWED[name]}.`);
}

/**
 * Reads every setting once, at boot.
 * An empty variable counts as unset. Throws `SettingError`, whose one-line message names the setting,
 * what it holds (never a secret) and what it may hold.
 */
export function readSettings(
  variables: Readonly<Record<string, string | undefined>> = process.env,
): Settings {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    const name = parsed.error.issues[0]?.path[0] as keyof Environment;
    refuse(name, given[name]);
  }
  const env = parsed.data;
  const origin = readOrigin(env);
  if (env.SESSION_IDLE_DAYS > env.SESSION_MAX_DAYS)
    refuse("SESSION_IDLE_DAYS", String(env.SESSION_IDLE_DAYS));
  return {
    port: env.PORT,
    origin,
    dataDir: resolve(env.DATA_DIR),
    databaseUrl: env.DATABASE_URL ?? null,
    redis: readRedis(env),
    secrets: readSecrets(env),
    revocation: env.REVOCATION ?? (env.DATABASE_URL ? "strict" : "replica"),
    accessTokenSeconds: minutesToSeconds(env.ACCESS_TOKEN_MINUTES),
    sessionIdleSeconds: daysToSeconds(env.SESSION_IDLE_DAYS),
    sessionMaxSeconds: daysToSeconds(env.SESSION_MAX_DAYS),
    clockToleranceSeconds: env.CLOCK_TOLERANCE_SECONDS,
    keyRotationSeconds: daysToSeconds(env.KEY_ROTATION_DAYS),
    sessionAlgorithm: env.SESSION_ALGORITHM,
    signerSocket: readSignerSocket(env),
    signerNewKeys: env.SIGNER_NEW_KEYS === "true",
    shutdownDelaySeconds:
      env.SHUTDOWN_DELAY_SECONDS ?? (env.DATABASE_URL ? MULTIPLE_SHUTDOWN_DELAY_SECONDS : 0),
    signup: env.SIGNUP,
    bootstrapAdmin: readBootstrapAdmin(env),
    trustedProxies: readTrustedProxies(env),
    privateHosts: readPrivateHosts(env),
    metricsToken: env.METRICS_TOKEN ?? null,
    logLevel: env.LOG_LEVEL,
    secureCookies: readSecureCookies(env, origin),
    development: env.NODE_ENV === "development",
  };
}

function isLoopback(origin: string): boolean {
  return isLoopbackHost(new URL(origin).hostname);
}

function readOrigin(env: Environment): string {
  const given = env.APP_ORIGIN;
  if (given === undefined) return new URL(`http://localhost:${env.PORT}`).origin;
  if (!URL.canParse(given)) refuse("APP_ORIGIN", given);
  const { origin, protocol } = new URL(given);
  const isHttp = protocol === "https:" || (protocol === "http:" && isLoopback(origin));
  if (!isHttp || origin !== given.replace(/\/$/, "")) refuse("APP_ORIGIN", given);
  return origin;
}

function readRedis(env: Environment): RedisConnection | null {
  const { REDIS_URL, UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = env;
  if (REDIS_URL !== undefined) {
    if (url !== undefined || token !== undefined) refuse("REDIS_URL", REDIS_URL);
    return { kind: "tcp", url: REDIS_URL };
  }
  if (url !== undefined && token !== undefined) return { kind: "rest", url, token };
  if (url !== undefined) refuse("UPSTASH_REDIS_REST_TOKEN", undefined);
  if (token !== undefined) refuse("UPSTASH_REDIS_REST_URL", undefined);
  return null;
}

function readSecrets(env: Environment): string[] {
  if (env.APP_SECRET !== undefined) return splitSecrets("APP_SECRET", env.APP_SECRET);
  if (env.APP_SECRET_FILE !== undefined) {
    return splitSecrets("APP_SECRET_FILE", readSecretFile(env.APP_SECRET_FILE));
  }
  if (env.DATABASE_URL) refuse("APP_SECRET", undefined);
  return [];
}

function readSecretFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return refuse("APP_SECRET_FILE", path);
  }
}

function splitSecrets(name: "APP_SECRET" | "APP_SECRET_FILE", text: string): string[] {
  const secrets = splitList(text);
  if (secrets.length === 0 || !secrets.every(isStrong)) {
    throw new SettingError(`${name} is not usable; it may hold ${ALLOWED.APP_SECRET}.`);
  }
  return secrets;
}

/** A secret that verifies as well as signs cannot stay outside. */
function readSignerSocket(env: Environment): string | null {
  if (env.SIGNER_SOCKET === undefined) return null;
  if (env.SESSION_ALGORITHM === "HS256") refuse("SIGNER_SOCKET", env.SIGNER_SOCKET);
  return resolve(env.SIGNER_SOCKET);
}

function readBootstrapAdmin(env: Environment): Settings["bootstrapAdmin"] {
  const { BOOTSTRAP_ADMIN_EMAIL: email, BOOTSTRAP_ADMIN_PASSWORD: password } = env;
  if (email !== undefined && password !== undefined) return { email, password };
  if (email !== undefined) refuse("BOOTSTRAP_ADMIN_PASSWORD", undefined);
  if (password !== undefined) refuse("BOOTSTRAP_ADMIN_EMAIL", undefined);
  return null;
}

function readTrustedProxies(env: Environment): string[] {
  const entries = splitList(env.TRUSTED_PROXIES);
  try {
    entries.forEach(parseRange);
    return entries;
  } catch {
    return refuse("TRUSTED_PROXIES", env.TRUSTED_PROXIES);
  }
}

function readPrivateHosts(env: Environment): string[] {
  return splitList(env.PRIVATE_HOSTS).map(
    (entry) => parsePrivateHost(entry) ?? refuse("PRIVATE_HOSTS", env.PRIVATE_HOSTS),
  );
}

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function readSecureCookies(env: Environment, origin: string): boolean {
  if (env.INSECURE_COOKIES === "false") return true;
  if (!isLoopback(origin)) refuse("INSECURE_COOKIES", env.INSECURE_COOKIES);
  return false;
}
