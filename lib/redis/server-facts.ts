import { errors, type Redis } from "@upstash/redis";

/** What tells one run of a Redis from the next, or null when the server keeps it to itself. */
export async function readRunId(redis: Redis): Promise<string | null> {
  const info = await unlessRefused(redis.exec<unknown>(["info", "server"]));
  return typeof info === "string" ? (/^run_id:(\S+)/m.exec(info)?.[1] ?? null) : null;
}

/** `maxmemory-policy`, or null when the server does not tell: managed services forbid CONFIG. */
export async function readEvictionPolicy(redis: Redis): Promise<string | null> {
  const config = await unlessRefused(redis.exec<unknown>(["config", "get", "maxmemory-policy"]));
  if (Array.isArray(config) && typeof config[1] === "string") return config[1];
  const info = await unlessRefused(redis.exec<unknown>(["info", "memory"]));
  const line = typeof info === "string" ? /^maxmemory_policy:(\S+)/m.exec(info) : null;
  if (line?.[1] !== undefined) return line[1];
  // Rejects when it was not these commands alone that were refused.
  await redis.ping();
  return null;
}

async function unlessRefused(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof errors.UpstashError) return null;
    throw error;
  }
}
