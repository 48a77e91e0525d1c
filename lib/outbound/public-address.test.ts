import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { isPublicAddress } from "./public-address";

describe("a public address", () => {
  test.each([
    "8.8.8.8",
    "1.0.0.0",
    "9.255.255.255",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
  ])("%s is one", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  test.each([
    ["this machine", ["127.0.0.1", "127.255.255.255", "::1"]],
    ["no address yet", ["0.0.0.0", "0.255.255.255", "::"]],
    [
      "private",
      ["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"],
    ],
    [
      "link-local, and where clouds keep credentials",
      ["169.254.0.1", "169.254.169.254", "fe80::1", "fe80::1%eth0"],
    ],
    ["unique-local", ["fc00::1", "fd00:ec2::254", "fdff::1"]],
    ["site-local", ["fec0::1"]],
    ["shared by a carrier's customers", ["100.64.0.0", "100.100.100.200", "100.127.255.255"]],
    ["multicast or broadcast", ["224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1"]],
    [
      "reserved",
      ["192.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.1", "240.0.0.1", "2001:db8::1", "4000::1"],
    ],
    ["IPv4 in IPv6", ["::ffff:127.0.0.1", "::ffff:a00:1", "::7f00:1", "::127.0.0.1", "::ffff:0:7f00:1"]],
    ["IPv4 behind NAT64", ["64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1"]],
    ["IPv4 in a tunnel", ["2002:7f00:1::", "2002:808:808::", "2001::1"]],
    [
      "none",
      [
        "",
        "localhost",
        "127.1",
        "0x7f.1",
        "2130706433",
        "010.0.0.1",
        "8.8.8.8/32",
        "8.8.8.8:80",
        "[2606:4700::1]",
      ],
    ],
  ])("is not one of those that are %s", (_kind, addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });

  it("is none of any in a private range, however IPv6 carries it", () => {
    const byte = fc.nat(255);
    const privateAddress = fc.oneof(
      fc.tuple(fc.constantFrom(0, 10, 127), byte, byte, byte),
      fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), byte, byte),
      fc.tuple(fc.constant(192), fc.constant(168), byte, byte),
      fc.tuple(fc.constant(169), fc.constant(254), byte, byte),
      fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), byte, byte),
      fc.tuple(fc.integer({ min: 224, max: 255 }), byte, byte, byte),
    );
    fc.assert(
      fc.property(privateAddress, ([a, b, c, d]) => {
        const dotted = `${a}.${b}.${c}.${d}`;
        const [high, low] = [a * 256 + b, c * 256 + d].map((part) => part.toString(16));
        const carried = [
          `::ffff:${high}:${low}`,
          `::${high}:${low}`,
          `64:ff9b::${high}:${low}`,
          `2002:${high}:${low}::1`,
        ];
        expect([dotted, ...carried].filter(isPublicAddress)).toEqual([]);
      }),
    );
  });
});
