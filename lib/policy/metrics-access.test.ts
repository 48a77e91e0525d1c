import { describe, expect, test } from "vitest";
import { mayReadMetrics } from "./metrics-access";

const TOKEN = "Zk9vQ2t1bWJlcjEyMzQ1Njc4OTBhYmNkZWZnaGlqa2w";
const AFAR = "203.0.113.9";
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

interface Row {
  from?: string;
  host?: string | null;
  headers?: Record<string, string>;
  token?: string | null;
}

/** From this machine to a Latchkey with a token, unless the row says otherwise. */
function isAllowed({
  from = "127.0.0.1",
  host = "localhost:3000",
  headers = {},
  token = TOKEN,
}: Row): boolean {
  const all = host === null ? headers : { host, ...headers };
  return mayReadMetrics({ socketAddress: from, headers: all }, token);
}

describe("may read the metrics", () => {
  test.each<[string, Row]>([
    ["this machine, by name", {}],
    ["this machine, where there is no token", { token: null }],
    ["this machine, by address", { host: "127.0.0.1:3000" }],
    ["this machine, by another of its addresses", { from: "127.8.9.10", host: "127.8.9.10:3000" }],
    ["this machine, over IPv6", { from: "::1", host: "[::1]:3000" }],
    ["this machine, over IPv4 on an IPv6 socket", { from: "::ffff:127.0.0.1" }],
    ["this machine, on the default port", { host: "localhost" }],
    ["this machine, in capitals", { host: "LOCALHOST:3000" }],
    ["the token, from afar", { from: AFAR, host: "10.0.0.7:3000", headers: bearer(TOKEN) }],
    ["the token, without a host", { from: AFAR, host: null, headers: bearer(TOKEN) }],
    [
      "the token, with the scheme in another case",
      { from: AFAR, headers: { authorization: `bearer ${TOKEN}` } },
    ],
    ["the token, through a proxy", { headers: { ...bearer(TOKEN), "x-forwarded-for": AFAR, via: "1.1 p" } }],
  ])("%s", (_name, row) => {
    expect(isAllowed(row)).toBe(true);
  });
});

describe("may not", () => {
  test.each<[string, Row]>([
    ["another machine", { from: AFAR }],
    ["another machine on the same network", { from: "10.0.0.8" }],
    ["another machine on a link", { from: "fe80::1" }],
    ["whoever has no address", { from: "" }],
    ["an address that is none", { from: "localhost" }],
    ["a name that leads here", { host: "evil.test:3000" }],
    ["a name that begins like this machine's", { host: "localhost.evil.test" }],
    ["a name that ends like this machine's", { host: "evil.localhost" }],
    ["a name that looks like an address", { host: "127.0.0.1.evil.test" }],
    ["the public name", { host: "login.example.com" }],
    ["another address as host", { host: "10.0.0.7:3000" }],
    ["any address as host", { host: "0.0.0.0:3000" }],
    ["no host", { host: null }],
    ["an empty host", { host: "" }],
    ["a wrong token, from this machine too", { headers: bearer("wrong") }],
    ["the token and one character more", { headers: bearer(`${TOKEN}x`) }],
    ["the token less one character", { headers: bearer(TOKEN.slice(0, -1)) }],
    ["the token in another case", { headers: bearer(TOKEN.toLowerCase()) }],
    ["the token without its scheme", { headers: { authorization: TOKEN } }],
    ["the token under another scheme", { headers: { authorization: `Basic ${TOKEN}` } }],
    ["two tokens in one header", { headers: { authorization: `Bearer ${TOKEN}, Bearer ${TOKEN}` } }],
    ["the token as a cookie, from afar", { from: AFAR, headers: { cookie: `token=${TOKEN}` } }],
    ["an empty authorization", { headers: { authorization: "" } }],
    ["any token, where there is none", { from: AFAR, token: null, headers: bearer(TOKEN) }],
    ["the word null, where there is none", { from: AFAR, token: null, headers: bearer("null") }],
  ])("%s", (_name, row) => {
    expect(isAllowed(row)).toBe(false);
  });

  test.each([
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-forwarded",
    "x-original-forwarded-for",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-ray",
    "fastly-client-ip",
    "forwarded",
    "via",
  ])("a proxy on this machine that adds %s, whatever it holds", (name) => {
    for (const value of ["127.0.0.1", "localhost", ""]) {
      expect(isAllowed({ headers: { [name]: value } })).toBe(false);
    }
  });
});
