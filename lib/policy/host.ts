const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/** RFC 9110 section 7.2: a name or address and perhaps a port. No userinfo, path, list or empty port; ASCII only. */
const HOST = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([1-9][0-9]{0,4}))?$/i;

/**
 * Whether the `Host` header names our own public origin: same host (in any case), same port, a default port
 * written or not. Stops DNS rebinding and links built on a foreign host.
 */
export function isExpectedHost(hostHeader: string | undefined, origin: string): boolean {
  const [, name, port] = HOST.exec(hostHeader ?? "") ?? [];
  if (name === undefined) return false;
  const expected = new URL(origin);
  const defaultPort = DEFAULT_PORTS[expected.protocol] ?? "";
  return name.toLowerCase() === expected.hostname && (port ?? defaultPort) === (expected.port || defaultPort);
}
