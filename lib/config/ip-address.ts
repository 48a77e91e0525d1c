import ipaddr from "ipaddr.js";

export type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type AddressRange = [Address, number];

/**
 * An address, or null. Four-part decimal alone for IPv4: `127.1`, `0x7f.1` and `010.0.0.1` have other readings
 * elsewhere. IPv4-mapped IPv6 counts as IPv4; zone ids are dropped.
 */
export function parseAddress(text: string): Address | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (!text.includes(":") || !ipaddr.IPv6.isValid(text)) return null;
  const address = ipaddr.IPv6.parse(text.split("%", 1)[0] ?? "");
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

/** Address or CIDR range. Throws an Error that names the text when it is neither. */
export function parseRange(text: string): AddressRange {
  const [base = "", prefix, ...rest] = text.split("/");
  const address = parseAddress(base);
  const bits = address?.kind() === "ipv4" ? 32 : 128;
  const length = prefix === undefined ? bits : /^(0|[1-9][0-9]{0,2})$/.test(prefix) ? Number(prefix) : -1;
  if (address === null || rest.length > 0 || length < 0 || length > bits) {
    throw new Error(`"${text}" is not an address or CIDR range.`);
  }
  return [address, length];
}
