import { Redis } from "ioredis";

export interface TestRedis {
  url: string;
  /** Empties it for the next one who asks. */
  close(): Promise<void>;
}

const DATABASES = Array.from({ length: 15 }, (_, index) => index + 1);

/** So that a test which was killed does not keep its database. */
const LEASE_MS = 600_000;

/**
 * An empty numbered database of the Redis at TEST_REDIS_URL, for this caller alone; who has which is written in
 * database 0. FLUSHDB empties it; FLUSHALL and CONFIG SET would reach everybody's.
 */
export async function freshRedis(): Promise<TestRedis> {
  const server = new Redis(serverUrl().href);
  const number = await lease(server);
  const url = serverUrl();
  url.pathname = `/${number}`;
  await empty(url.href);
  return {
    url: url.href,
    close: async () => {
      await empty(url.href);
      await server.del(leaseOf(number));
      server.disconnect();
    },
  };
}

async function lease(server: Redis): Promise<number> {
  for (;;) {
    for (const number of DATABASES) {
      if ((await server.set(leaseOf(number), "1", "PX", LEASE_MS, "NX")) === "OK") return number;
    }
  }
}

const leaseOf = (number: number): string => `latchkey:test:database:${number}`;

async function empty(url: string): Promise<void> {
  const database = new Redis(url);
  await database.flushdb();
  database.disconnect();
}

function serverUrl(): URL {
  const url = process.env.TEST_REDIS_URL;
  if (!url)
    throw new Error("TEST_REDIS_URL is not set; `npm test -- integration` starts a Redis and sets it.");
  return new URL(url);
}
