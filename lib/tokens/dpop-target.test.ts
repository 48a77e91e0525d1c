import fc from "fast-check";
import { expect, test } from "vitest";
import { isSameAddress } from "./dpop-target";

const ADDRESS = "https://api.example.com/orders/7";

test.each([
  ADDRESS,
  "HTTPS://API.Example.COM/orders/7",
  "https://api.example.com:443/orders/7",
  `${ADDRESS}?page=2`,
  `${ADDRESS}#top`,
  `${ADDRESS}?a=%00#b`,
  "https://api.example.com/./x/../orders/7",
  "https://api.example.com/%6frders/%37",
])("%s is the same address", (htu) => {
  expect(isSameAddress(htu, ADDRESS)).toBe(true);
  expect(isSameAddress(ADDRESS, htu)).toBe(true);
});

test.each([
  "",
  "/orders/7",
  "//api.example.com/orders/7",
  "https:api.example.com/orders/7",
  "https:/api.example.com/orders/7",
  "https:\\\\api.example.com\\orders\\7",
  "http://api.example.com/orders/7",
  "http://api.example.com:443/orders/7",
  "https://api.example.com:80/orders/7",
  "https://api.example.com./orders/7",
  "https://evil.example/orders/7",
  "https://api.example.com@evil.example/orders/7",
  "https://evil@api.example.com/orders/7",
  "https://api.example.com/orders/7/",
  "https://api.example.com/orders",
  "https://api.example.com//orders/7",
  "https://api.example.com/Orders/7",
  "https://api.example.com/orders%2f7",
  "https://api.example.com/orders/7;x",
  "https://api.example.com/orders/7%20",
  `${ADDRESS} `,
  ` ${ADDRESS}`,
  `${ADDRESS}\n`,
  "https://api.example.com/ord\ners/7",
  "https://api.exam\tple.com/orders/7",
  "https://api.example.com/orders\\7",
  "https://api.example.com/ordërs/7",
  "https://api.example.com:99999/orders/7",
  "urn:orders:7",
])("%j is another, or none", (htu) => {
  expect(isSameAddress(htu, ADDRESS)).toBe(false);
  expect(isSameAddress(ADDRESS, htu)).toBe(false);
});

test("what is no address is not even the same as itself", () => {
  expect(isSameAddress("/orders", "/orders")).toBe(false);
});

test("an address without a path is that of the root", () => {
  expect(isSameAddress("https://api.example.com", "https://API.example.com/?x")).toBe(true);
});

test("escapes in either case are the same, and an escaped slash is no slash", () => {
  expect(isSameAddress("https://a.test/x%2fy", "https://a.test/x%2Fy")).toBe(true);
  expect(isSameAddress("https://a.test/x%2Fy", "https://a.test/x/y")).toBe(false);
});

test("the root of an IPv6 address", () => {
  expect(isSameAddress("http://[::1]:3000/", "http://[0:0::1]:3000")).toBe(true);
});

test("any two paths are the same only where they say the same", () => {
  const path = fc.array(fc.constantFrom("/", "a", "A", "~", "-", "%7E", "%41"), { maxLength: 5 });
  const read = (parts: string[]) => decodeURIComponent(parts.join(""));
  fc.assert(
    fc.property(path, path, (one, other) => {
      const isSame = isSameAddress(`https://a.test/${one.join("")}`, `https://a.test/${other.join("")}?x`);
      expect(isSame).toBe(read(one) === read(other));
    }),
  );
});

test("no text is an error", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(isSameAddress(text, ADDRESS)).toBe(false);
      expect(isSameAddress(`${ADDRESS}?${text}`, text)).toBe(false);
    }),
  );
});
