const HOST = /^(\[[0-9a-f:]+\]|[a-z0-9._-]+)(?::([1-9]\d{0,4}))?$/;
const MAX_PORT = 65_535;

/**
 * A host, alone or with a port, in lower case; null for anything else. As URLs come out of a parser: `127.1`, `[0::1]`
 * and `host:080` would never be found there.
 */
export function parsePrivateHost(text: string): string | null {
  const host = text.toLowerCase();
  const [, name = "", port = "1"] = HOST.exec(host) ?? [];
  const url = `https://${name}`;
  return URL.canParse(url) && new URL(url).hostname === name && Number(port) <= MAX_PORT ? host : null;
}
