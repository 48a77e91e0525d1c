import { setTimeout as wait } from "node:timers/promises";
import { Client } from "pg";
import { JWKS_STALE_SECONDS, KEYRING_COOLDOWN_MS } from "../../lib/config/durations";
import type { RedisConnection } from "../../lib/config/redis-connection";
import { addSeconds, type Clock, secondsBetween } from "../../lib/crypto/clock";
import type { Keyring } from "../../lib/keys/keyring";
import { cookieNames } from "../../lib/policy/cookies";
import { openRedis, type RedisLink } from "../../lib/redis/redis-link";
import { readEvictionPolicy } from "../../lib/redis/server-facts";
import { SharedDenials } from "../../lib/revocation/shared-denials";
import type { Services } from "../../lib/services";
import { readMigrations } from "../migration-files";
import { type PublishedKeys, readPublishedKeys, requireDeployment } from "./deployment";
import { type Answer, unwell, well } from "./finding";

/** The first call of a connection has to connect. */
const REDIS_PATIENCE_MS = 2_000;

export async function checkDatabase({ settings }: Services): Promise<Answer> {
  const client = new Client({ connectionString: String(settings.databaseUrl) });
  await client.connect();
  try {
    const startedAt = performance.now();
    const { rows } = await client.query<{ version: string; migrations: number }>(
      `SELECT current_setting('server_version') AS version, count(*)::int AS migrations
       FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
    );
    const ms = (performance.now() - startedAt).toFixed(1);
    const { version, migrations } = rows[0] ?? { version: "", migrations: 0 };
    const all = readMigrations().length;
    return well(`PostgreSQL ${version} answers in ${ms} ms, with ${migrations} of ${all} migrations`);
  } finally {
    await client.end();
  }
}

export async function checkClock({ stores, clock, settings }: Services): Promise<Answer> {
  const { redis, clockToleranceSeconds } = settings;
  const skews = [{ of: "the database's", seconds: await skewOf(clock, () => stores.databaseTime()) }];
  if (redis !== null) {
    const seconds = await withRedis(redis, (link) => skewOf(clock, () => redisTime(link))).catch(() => null);
    // That it does not answer is for the line about Redis to say.
    if (seconds !== null) skews.push({ of: "that of Redis", seconds });
  }
  const says = skews
    .map(({ of, seconds }) => `${Math.abs(seconds).toFixed(1)} s apart from ${of}`)
    .join(", ");
  if (skews.every(({ seconds }) => Math.abs(seconds) <= clockToleranceSeconds)) return well(says);
  return unwell(
    `${says}, more than CLOCK_TOLERANCE_SECONDS (${clockToleranceSeconds}): synchronize them (NTP)`,
  );
}

/** By how much another clock is ahead of ours, as if it had answered halfway through the call. */
async function skewOf(clock: Clock, read: () => Promise<Date>): Promise<number> {
  // The first call connects, which takes longer one way than the other.
  await read();
  const asked = clock.now();
  const theirs = await read();
  const halfway = addSeconds(asked, secondsBetween(asked, clock.now()) / 2);
  return secondsBetween(halfway, theirs);
}

async function redisTime(link: RedisLink): Promise<Date> {
  const [seconds, microseconds] = await link.call((redis) => redis.time(), REDIS_PATIENCE_MS);
  return new Date(Number(seconds) * 1_000 + Number(microseconds) / 1_000);
}

async function withRedis<Result>(
  connection: RedisConnection,
  use: (link: RedisLink) => Promise<Result>,
): Promise<Result> {
  const link = openRedis(connection);
  try {
    return await use(link);
  } finally {
    await link.close();
  }
}

export async function checkRedis({ settings: { redis, revocation }, clock }: Services): Promise<Answer> {
  if (redis === null) {
    return well(
      revocation === "strict"
        ? "none: the database is asked at every request"
        : "none: each instance keeps a copy of what is revoked, at most a second old",
    );
  }
  return withRedis(redis, async (link) => {
    const policy = await link.call(readEvictionPolicy, REDIS_PATIENCE_MS).catch(() => undefined);
    if (policy === undefined) {
      return unwell(
        "does not answer, so the database is asked instead, which is slower. Start it, or correct its URL",
      );
    }
    if (policy !== null && policy !== "noeviction") {
      return unwell(
        `may forget what is revoked (${policy}), so it is not believed. Set maxmemory-policy noeviction`,
      );
    }
    const evicts = policy === null ? "does not say whether it evicts" : "evicts nothing";
    if (await new SharedDenials(link, clock).verify()) return well(`answers, ${evicts}, and is believed`);
    return unwell("answers, and has not been filled: an instance does that within a second. Start one");
  });
}

export async function checkPeople({ stores }: Services): Promise<Answer> {
  if (!(await stores.users.isEmpty())) return well("there is somebody who can sign in");
  return unwell("nobody exists: open the link that `npm start` prints, or run `admin create EMAIL`");
}

/** Throws `PlainError` when nobody answers there. */
export async function checkOrigin({ settings: { origin }, keyring }: Services): Promise<Answer> {
  await requireDeployment(origin);
  const published = await readPublishedKeys(origin);
  if (isKeptByCache(published)) {
    return well(
      `${origin} answers; a cache on the way has had its JWKS for ${published.ageSeconds} s, as it may`,
    );
  }
  // An instance may not have read the latest change yet.
  const difference =
    (await differenceOf(keyring, published)) &&
    (await differenceLater(keyring, () => readPublishedKeys(origin)));
  if (difference === null) {
    const reach = origin.startsWith("https:") ? "" : "; plain http, so for this machine alone";
    return well(`${origin} answers, and its JWKS has the keys of this database${reach}`);
  }
  return unwell(
    `${origin} answers, but its JWKS ${difference}: a proxy keeps it for too long, or another Latchkey answers there`,
  );
}

function isKeptByCache({ ageSeconds, maxAgeSeconds }: PublishedKeys): boolean {
  return ageSeconds > 0 && ageSeconds <= (maxAgeSeconds ?? 0) + JWKS_STALE_SECONDS;
}

/** How a JWKS differs from the keys of this database, or null. */
async function differenceOf(keyring: Keyring, { kids, ageSeconds }: PublishedKeys): Promise<string | null> {
  await keyring.load();
  const ours = kidsOf(keyring.jwks.body);
  const differences = [
    ...named("lacks", ours, kids),
    ...named("has besides", kids, ours),
    ...(ageSeconds > 0 ? [`is ${ageSeconds} s old`] : []),
  ];
  return differences.length === 0 ? null : differences.join(" and ");
}

async function differenceLater(keyring: Keyring, read: () => Promise<PublishedKeys>): Promise<string | null> {
  await wait(KEYRING_COOLDOWN_MS);
  return differenceOf(keyring, await read());
}

const kidsOf = (jwks: string): string[] => JSON.parse(jwks).keys.map(({ kid }: { kid: string }) => kid);

function named(verb: string, some: readonly string[], others: readonly string[]): string[] {
  const missing = some.filter((kid) => !others.includes(kid));
  return missing.length === 0 ? [] : [`${verb} ${missing.join(", ")}`];
}

export function checkCookies({ settings: { secureCookies } }: Services): Answer {
  if (!secureCookies) return unwell("INSECURE_COOKIES is on, which is for development alone: leave it out");
  return well(`Secure, HttpOnly and SameSite=Strict, with names such as ${cookieNames(true).access}`);
}
