import { findChromium } from "./chromium.mjs";
import { makeDataFolder } from "./data-folder.mjs";
import { startPostgres } from "./postgres.mjs";
import { startRedis } from "./redis.mjs";

/**
 * @typedef {object} Service
 * @property {Record<string, string>} environment What tests find it by.
 * @property {() => Promise<void>} [stop]
 */

/**
 * How each service is found or started; null when this machine has no way to. Another service is another row.
 * @type {Record<string, { start: () => Promise<Service | null>, missing: string }>}
 */
const SERVICES = {
  postgres: {
    start: startPostgres,
    missing: "The tests need Postgres: set TEST_DATABASE_URL, install PostgreSQL's server, or start Docker.",
  },
  redis: {
    start: startRedis,
    missing: "The tests need Redis: set TEST_REDIS_URL, install Redis's server, or start Docker.",
  },
  "data folder": {
    start: makeDataFolder,
    missing: "The tests need the embedded database.",
  },
  chromium: {
    start: findChromium,
    missing: "The tests need Chromium: set CHROMIUM_PATH, or install it.",
  },
};

/**
 * Finds or starts what is needed. Ends the process with one line when something is missing.
 * @param {Set<string>} needs
 */
export async function startServices(needs) {
  /** @type {Service[]} */
  const started = [];
  const stop = async () => {
    for (const service of started.splice(0)) await service.stop?.();
  };
  for (const [name, { start, missing }] of Object.entries(SERVICES)) {
    if (!needs.has(name)) continue;
    const service = await start();
    if (service === null) {
      await stop();
      process.stderr.write(`${missing}\n`);
      process.stdout.write("0 passed, 1 failed\n");
      process.exit(1);
    }
    started.push(service);
  }
  return { environment: Object.assign({}, ...started.map((service) => service.environment)), stop };
}
