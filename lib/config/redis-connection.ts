/** How Redis is reached: over its own protocol, or over Upstash's REST API. */
export type RedisConnection = { kind: "tcp"; url: string } | { kind: "rest"; url: string; token: string };

/** A database number at most behind the host: parameters of the URL would change how the connection behaves. */
const REDIS_URL = /^rediss?:\/\/[^\s/?#]+(\/\d{0,3})?$/;

export function isRedisUrl(text: string): boolean {
  if (!REDIS_URL.test(text) || !URL.canParse(text)) return false;
  const { hostname, username, password } = new URL(text);
  return hostname !== "" && canDecode(username) && canDecode(password);
}

/** The token travels with every request: without TLS only to this machine itself. */
export function isRedisRestUrl(text: string): boolean {
  if (!/^https?:\/\/[^\s?#@]+$/.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || isLoopbackHost(hostname);
}

const LOOPBACK_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);

export const isLoopbackHost = (hostname: string): boolean => LOOPBACK_HOSTS.has(hostname);

function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
