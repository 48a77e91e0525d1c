import ipaddr from "ipaddr.js";
import { type Address, type AddressRange, parseAddress, parseRange } from "../config/ip-address";

/** Where there is no address, as on a Unix socket. */
const UNKNOWN_ADDRESS = "unknown";

/** Some proxies add the port of the client: `192.0.2.1:5678`, `[2001:db8::1]:5678`. */
const WITH_PORT = /^(?:([0-9.]+)|\[([0-9A-Fa-f:.]+)\])(?::[0-9]{1,5})?$/;

function parseForwarded(entry: string): Address | null {
  const parts = WITH_PORT.exec(entry);
  return parseAddress(parts?.[1] ?? parts?.[2] ?? entry);
}

/** The ranges of `TRUSTED_PROXIES`. Throws an Error that names the first entry that is none. */
export function parseProxies(list: readonly string[]): AddressRange[] {
  return list.map(parseRange);
}

const isWithin = (address: Address, ranges: readonly AddressRange[]): boolean =>
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
