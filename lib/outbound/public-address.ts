import ipaddr from "ipaddr.js";
import { parseAddress } from "@/lib/config/ip-address";

/** All of IPv6 that is given out. Outside of it, `::7f00:1` says 127.0.0.1 in a way that has no range of its own. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * Whether this is an address of the internet at large: none of this machine, of a network of one's own, or of a kind
 * that leads there (NAT64, 6to4, Teredo). What is not an address is not a public one.
 */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text);
  if (address === null || address.range() !== "unicast") return false;
  return address.kind() === "ipv4" || address.match(GLOBAL_UNICAST);
}
