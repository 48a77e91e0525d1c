import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type ProxyRange = [Address, number];

/** Where there is no address, as on a Unix socket. */
const UNKNOWN_ADDRESS = "unknown";

/** Some proxies add the port of the client: `192.0.2.1:5678`, `[2001:db8::1]:5678`. */
const WITH_PORT = /^(?:([0-9.]+)|\[([0-9A-Fa-f:.]+)\])(?::[0-9]{1,5})?$/;

/** Four-part decimal alone: `127.1`, `0x7f.1` and `010.0.0.1` have other readings elsewhere. */
function parseAddress(text: string): Address | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (!text.includes(":") || !ipaddr.IPv6.isValid(text)) return null;
  const address = ipaddr.IPv6.parse(text.split("%", 1)[0] ?? "");
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

function parseForwarded(entry: string): Address | null {
  const parts = WITH_PORT.exec(entry);
  return parseAddress(parts?.[1] ?? parts?.[2] ?? entry);
}

function parseProxy(text: string): ProxyRange {
  const [base = "", prefix, ...rest] = text.split("/");
  const address = parseAddress(base);
  const bits = address?.kind() === "ipv4" ? 32 : 128;
  const length = prefix === undefined ? bits : /^[0-9]{1,3}$/.test(prefix) ? Number(prefix) : -1;
  if (address === null || rest.length > 0 || length < 0 || length > bits) {
    throw new Error(`"${text}" is not an address or CIDR range.`);
  }
  return [address, length];
}

/** The ranges of `TRUSTED_PROXIES`. Throws an Error that names the first entry that is none. */
export function parseProxies(list: readonly string[]): ProxyRange[] {
  return list.map(parseProxy);
}

const isWithin = (address: Address, ranges: readonly ProxyRange[]): boolean =>
  ranges.some(([base, length]) => base.kind() === address.kind() && address.match(base, length));

/**
 * The address of the caller. `X-Forwarded-For` is read from the right, one hop for each trusted proxy: what
 * stands further left was written by the caller. An entry that is no address ends the walk at the hop that
 * sent it. IPv4-mapped IPv6 counts as IPv4; zone ids are dropped.
 */
export function clientAddress(
  socketAddress: string,
  forwardedFor: string | undefined,
  trustedProxies: readonly string[],
): string {
  let address = parseAddress(socketAddress);
  if (address === null) return UNKNOWN_ADDRESS;
  const ranges = parseProxies(trustedProxies);
  for (const entry of (forwardedFor ?? "").split(",").reverse()) {
    if (!isWithin(address, ranges)) break;
    const previous = parseForwarded(entry.trim());
    if (previous === null) break;
    address = previous;
  }
  return address.toString();
}

/** What rate limits count: an IPv4 address, or the /64 that one IPv6 subscriber has to choose from. */
export function addressBucket(ip: string): string {
  const address = parseAddress(ip);
  if (address === null) return UNKNOWN_ADDRESS;
  if (address.kind() === "ipv4") return address.toString();
  const network = [...address.toByteArray().slice(0, 8), ...new Array<number>(8).fill(0)];
  return `${ipaddr.fromByteArray(network).toString()}/64`;
}
