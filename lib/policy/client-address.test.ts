import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { addressBucket, clientAddress, parseProxies } from "./client-address";

const PROXIES = ["10.0.0.0/8", "fd00::/8", "192.0.2.10"];

describe("the caller behind proxies", () => {
  test.each<[string, string | undefined, string]>([
    // nobody trusted sent it
    ["203.0.113.9", undefined, "203.0.113.9"],
    ["203.0.113.9", "198.51.100.1", "203.0.113.9"],
    ["203.0.113.9", "10.0.0.1", "203.0.113.9"],
    // one hop, several hops, and what the caller wrote in front of them
    ["10.0.0.1", "198.51.100.1", "198.51.100.1"],
    ["10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"],
    ["10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2,192.0.2.10", "198.51.100.1"],
    ["10.0.0.1", "10.9.9.9, 198.51.100.1", "198.51.100.1"],
    ["10.0.0.1", "127.0.0.1,198.51.100.1", "198.51.100.1"],
    ["fd00::1", "2001:db8::5", "2001:db8::5"],
    // all trusted: the outermost; none given: the hop itself
    ["10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
    ["10.0.0.1", undefined, "10.0.0.1"],
    ["10.0.0.1", "", "10.0.0.1"],
    // forms of one address
    ["::ffff:203.0.113.9", undefined, "203.0.113.9"],
    ["::FFFF:cb00:7109", undefined, "203.0.113.9"],
    ["::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"],
    ["fe80::1%eth0", undefined, "fe80::1"],
    ["2001:0DB8:0:0:0:0:0:5", undefined, "2001:db8::5"],
    ["10.0.0.1", "198.51.100.1:5678", "198.51.100.1"],
    ["10.0.0.1", "[2001:db8::5]:443", "2001:db8::5"],
    ["10.0.0.1", "[2001:db8::5]", "2001:db8::5"],
    // an entry that is no address ends the walk
    ["10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"],
    ["10.0.0.1", "198.51.100.1, evil, 10.0.0.2", "10.0.0.2"],
    ["10.0.0.1", "198.51.100.1,", "10.0.0.1"],
    ["10.0.0.1", "127.1", "10.0.0.1"],
    ["10.0.0.1", "0x7f.0.0.1", "10.0.0.1"],
    ["10.0.0.1", "010.0.0.9", "10.0.0.1"],
    ["10.0.0.1", "3232235777", "10.0.0.1"],
    ["10.0.0.1", "256.1.1.1", "10.0.0.1"],
    ["10.0.0.1", "198.51.100.1/8", "10.0.0.1"],
    ["10.0.0.1", "1.2.3.4\u0000", "10.0.0.1"],
    ["10.0.0.1", "for=198.51.100.1", "10.0.0.1"],
    // no address at all: nothing is believed
    ["", "198.51.100.1", "unknown"],
    ["/run/app.sock", "198.51.100.1", "unknown"],
  ])("socket %j, forwarded %j: %s", (socket, forwarded, expected) => {
    expect(clientAddress(socket, forwarded, PROXIES)).toBe(expected);
  });

  it("believes nothing where no proxy is trusted", () => {
    fc.assert(
      fc.property(fc.string(), (forwarded) => {
        expect(clientAddress("203.0.113.9", forwarded, [])).toBe("203.0.113.9");
      }),
    );
  });

  it("is not moved by anything the caller writes", () => {
    const entry = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constant("10.0.0.1"));
    fc.assert(
      fc.property(fc.array(entry), (written) => {
        const forwarded = [...written, "198.51.100.1", "10.0.0.2"].join(", ");
        expect(clientAddress("10.0.0.1", forwarded, PROXIES)).toBe("198.51.100.1");
      }),
    );
  });
});

describe("TRUSTED_PROXIES", () => {
  test.each(["10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "fd00::/8", "::/0", "::ffff:10.0.0.1"])(
    "%s is usable",
    (text) => {
      expect(parseProxies([text])).toHaveLength(1);
    },
  );

  test.each([
    "",
    "proxy.internal",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0/8",
    "10.0.0.0/x",
    "fd00::/129",
    "*",
    "10.0.0.0/1e1",
  ])("%j stops the start and is named", (text) => {
    expect(() => parseProxies(["10.0.0.1", text])).toThrow(`"${text}" is not an address or CIDR range.`);
  });
});

describe("the bucket that is counted", () => {
  test.each([
    ["203.0.113.9", "203.0.113.9"],
    ["::ffff:203.0.113.9", "203.0.113.9"],
    ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
    ["2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"],
    ["2001:DB8:1:2::%eth0", "2001:db8:1:2::/64"],
    ["2001:db8:1:3::1", "2001:db8:1:3::/64"],
    ["::1", "::/64"],
    ["unknown", "unknown"],
    ["", "unknown"],
  ])("%j is %s", (ip, bucket) => {
    expect(addressBucket(ip)).toBe(bucket);
  });

  it("is the same for a whole /64, and another for another", () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
    const half = fc.tuple(group, group, group, group).map((groups) => groups.join(":"));
    // 2001: keeps clear of the addresses that stand for IPv4.
    const network = half.map((text) => text.replace(/^[^:]+/, "2001"));
    fc.assert(
      fc.property(network, network, half, half, (net, other, one, two) => {
        expect(addressBucket(`${net}:${one}`)).toBe(addressBucket(`${net}:${two}`));
        expect(addressBucket(`${net}:${one}`) === addressBucket(`${other}:${one}`)).toBe(net === other);
      }),
    );
  });
});
