import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { isRegisteredRedirectUri, redirectUriProblem } from "./redirect-uri";

describe("a redirect URI that is presented", () => {
  const REGISTERED = [
    "https://ok.example/callback",
    "https://ok.example/other?tenant=a",
    "http://127.0.0.1/callback",
    "http://[::1]:8080/callback?a=b",
    "http://localhost:3000/callback",
    "com.example.app:/callback",
  ];

  test.each(REGISTERED)("is the same text: %s", (uri) => {
    expect(isRegisteredRedirectUri(REGISTERED, uri)).toBe(true);
  });

  test.each([
    "http://127.0.0.1:1/callback",
    "http://127.0.0.1:80/callback",
    "http://127.0.0.1:51004/callback",
    "http://127.0.0.1:65535/callback",
    "http://[::1]/callback?a=b",
    "http://[::1]:51004/callback?a=b",
  ])("may have another port on a loopback address: %s", (uri) => {
    expect(isRegisteredRedirectUri(REGISTERED, uri)).toBe(true);
  });

  test.each([
    ["nothing", ""],
    ["a slash behind it", "https://ok.example/callback/"],
    ["a slash in between", "https://ok.example//callback"],
    ["a query", "https://ok.example/callback?x"],
    ["an empty query", "https://ok.example/callback?"],
    ["a fragment", "https://ok.example/callback#f"],
    ["an empty fragment", "https://ok.example/callback#"],
    ["escaped dots", "https://ok.example/x/%2e%2e/callback"],
    ["dots", "https://ok.example/x/../callback"],
    ["a letter that is escaped", "https://ok.example/%63allback"],
    ["another case of the path", "https://ok.example/Callback"],
    ["another case of the host", "https://OK.example/callback"],
    ["another case of the scheme", "HTTPS://ok.example/callback"],
    ["a user name", "https://ok.example@evil.example/callback"],
    ["a user name before the host", "https://evil@ok.example/callback"],
    ["a subdomain", "https://a.ok.example/callback"],
    ["a domain that ends so", "https://evilok.example/callback"],
    ["a domain that begins so", "https://ok.example.evil.example/callback"],
    ["a dot behind the host", "https://ok.example./callback"],
    ["a port", "https://ok.example:8443/callback"],
    ["the port that goes without saying", "https://ok.example:443/callback"],
    ["a backslash", "https://ok.example\\callback"],
    ["a backslash before another host", "https://ok.example\\@evil.example/callback"],
    ["plain http", "http://ok.example/callback"],
    ["a path below", "https://ok.example/callback/below"],
    ["a path that begins so", "https://ok.example/callbackx"],
    ["the path left out", "https://ok.example/"],
    ["another query", "https://ok.example/other?tenant=b"],
    ["the query left out", "https://ok.example/other"],
    ["the query and more", "https://ok.example/other?tenant=a&b=c"],
    ["the parameter twice", "https://ok.example/other?tenant=a&tenant=a"],
    ["a space behind it", "https://ok.example/callback "],
    ["a line behind it", "https://ok.example/callback\n"],
    ["NUL behind it", "https://ok.example/callback\0"],
    ["two in one", "https://ok.example/callback https://ok.example/callback"],
    ["script", "javascript:alert(1)"],
    ["script and the address", "javascript://ok.example/callback"],
    ["data", "data:text/html,a"],
    ["a pattern", "https://ok.example/*"],
    // loopback
    ["another loopback address", "http://127.0.0.2:1/callback"],
    ["a shortened loopback address", "http://127.1:1/callback"],
    ["a loopback address as a number", "http://2130706433:1/callback"],
    ["the loopback address of the other family", "http://[::1]:1/callback"],
    ["a loopback address with zeros", "http://[0:0:0:0:0:0:0:1]:1/callback?a=b"],
    ["https on a loopback address", "https://127.0.0.1/callback"],
    ["another path there", "http://127.0.0.1:1/callback/"],
    ["another case there", "http://127.0.0.1:1/CALLBACK"],
    ["a query there", "http://127.0.0.1:1/callback?x"],
    ["another query there", "http://[::1]:1/callback?a=c"],
    ["a fragment there", "http://127.0.0.1:1/callback#f"],
    ["an empty port", "http://127.0.0.1:/callback"],
    ["port zero", "http://127.0.0.1:0/callback"],
    ["a port with a zero before it", "http://127.0.0.1:080/callback"],
    ["a port beyond all", "http://127.0.0.1:65536/callback"],
    ["a port of six digits", "http://127.0.0.1:100000/callback"],
    ["a port that is none", "http://127.0.0.1:1a/callback"],
    ["two ports", "http://127.0.0.1:1:2/callback"],
    ["a password as the port", "http://127.0.0.1:1@evil.example/callback"],
    ["a user name before it", "http://evil@127.0.0.1:1/callback"],
    ["a host that begins so", "http://127.0.0.1.evil.example/callback"],
    ["a port and another host", "http://127.0.0.1:1.evil.example/callback"],
    ["a backslash there", "http://127.0.0.1:1\\callback"],
    ["a line in it", "http://127.0.0.1:1/callback\n"],
    ["another port of localhost", "http://localhost:3001/callback"],
    ["no port of localhost", "http://localhost/callback"],
    ["localhost for a loopback address", "http://localhost/callback?a=b"],
    // programs
    ["another path of the program", "com.example.app:/callback/"],
    ["the program with slashes", "com.example.app:///callback"],
    ["another program", "com.example.app2:/callback"],
    ["another case of the program", "com.example.App:/callback"],
  ])("is refused with %s", (_what, uri) => {
    expect(isRegisteredRedirectUri(REGISTERED, uri)).toBe(false);
  });

  it("may have another port on no other host, whatever stands in the list", () => {
    for (const host of ["127x0.0.1", "127.0.0.2", "[::2]", "localhost", "ok.example"]) {
      expect(isRegisteredRedirectUri([`http://${host}/callback`], `http://${host}:1/callback`)).toBe(false);
    }
  });

  it("is refused by a client that has none", () => {
    expect(isRegisteredRedirectUri([], "https://ok.example/callback")).toBe(false);
    expect(isRegisteredRedirectUri([], "")).toBe(false);
  });

  interface Parts {
    scheme: string;
    host: string;
    port: string;
    rest: string;
  }
  const written = ({ scheme, host, port, rest }: Parts) => `${scheme}://${host}${port}${rest}`;
  const badPorts = fc.constantFrom(":", ":0", ":01", ":65536", ":x", ":1@evil");
  const parts = fc.record<Parts>({
    scheme: fc.constantFrom("http", "http", "https"),
    host: fc.constantFrom("127.0.0.1", "[::1]", "localhost", "ok.example", "127.0.0.2"),
    port: fc.oneof(
      fc.constant(""),
      fc.integer({ min: 1, max: 65_535 }).map((number) => `:${number}`),
      badPorts,
    ),
    rest: fc.constantFrom(
      "",
      "/",
      "/callback",
      "/callback/",
      "/callback?a=b",
      "?a=b",
      "/Callback",
      "@evil/",
      ".evil/",
    ),
  });
  /** Two that have something in common, and mostly all but the port. */
  const pairs = fc
    .tuple(parts, parts, fc.subarray<keyof Parts>(["scheme", "host", "rest"]))
    .map(([one, other, changed]): [Parts, Parts] => [
      one,
      { ...one, port: other.port, ...Object.fromEntries(changed.map((name) => [name, other[name]])) },
    ]);
  const isPort = (text: string) =>
    text === "" || (/^:[1-9]\d*$/.test(text) && Number(text.slice(1)) <= 65_535);
  const mayChangePort = ({ scheme, host, port, rest }: Parts) =>
    scheme === "http" && ["127.0.0.1", "[::1]"].includes(host) && isPort(port) && /^(?:[/?].*)?$/.test(rest);

  it("matches exactly when the texts are the same, or the ports of one loopback address alone differ", () => {
    let [same, other] = [0, 0];
    fc.assert(
      fc.property(pairs, ([one, two]) => {
        const differInPort = written({ ...one, port: "" }) === written({ ...two, port: "" });
        const expected =
          written(one) === written(two) || (differInPort && mayChangePort(one) && mayChangePort(two));
        expect(isRegisteredRedirectUri([written(one)], written(two))).toBe(expected);
        if (!expected) other += 1;
        else if (one.port !== two.port) same += 1;
      }),
      { numRuns: 3_000 },
    );
    expect(Math.min(same, other)).toBeGreaterThan(20);
  });

  it("that matches what may be registered leads to the same host and path in every parser", () => {
    const destination = (uri: string) => {
      const { protocol, username, hostname, pathname, search } = new URL(uri);
      return { protocol, username, hostname, pathname, search };
    };
    let matched = 0;
    fc.assert(
      fc.property(pairs, ([one, two]) => {
        const [registered, presented] = [written(one), written(two)];
        fc.pre(redirectUriProblem(registered) === null && isRegisteredRedirectUri([registered], presented));
        expect(destination(presented)).toEqual(destination(registered));
        matched += 1;
      }),
      { numRuns: 100 },
    );
    expect(matched).toBe(100);
  });
});
