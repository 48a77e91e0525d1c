import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import {
  isClaimable,
  isRegisteredRedirectUri,
  originProblem,
  redirectUriProblem,
  withParameters,
} from "./redirect-uri";

describe("an address that may be registered", () => {
  test.each([
    "https://app.example",
    "https://app.example/",
    "https://app.example/callback",
    "https://app.example/callback/",
    "https://app.example:8443/callback",
    "https://app.example/callback?tenant=a&b",
    "https://app.example/callback?",
    "https://app.example/?tenant=a",
    "https://app.example/%C3%A9%20/a%2Fb",
    "https://app.example/a;b=c,d/@me/~a/$(x)!'",
    "https://app.example/Callback",
    "https://xn--bcher-kva.example/callback",
    "https://10.0.0.5/callback",
    "https://[2001:db8::1]/callback",
    "https://localhost:8443/callback",
    "http://127.0.0.1",
    "http://127.0.0.1/callback",
    "http://127.0.0.1:8080/callback",
    "http://[::1]/callback",
    "http://[::1]:1/callback",
    "http://localhost:3000/callback",
    "com.example.app:/callback",
    "com.example.app:/",
    "com.example.app://callback",
    "com.example.app://",
    "com.googleusercontent.apps.123-abc:/oauth2redirect/example-provider",
    "io.github.some-one.app:/callback?a=b",
    `https://app.example/${"a".repeat(980)}`,
  ])("is %s", (text) => {
    expect(redirectUriProblem(text)).toBeNull();
    expect(isRegisteredRedirectUri([text], text)).toBe(true);
  });

  test.each([
    ["nothing", "", /ASCII/],
    ["no address", "callback", /not an address/],
    ["a path", "/callback", /not an address/],
    ["no scheme", "//app.example/callback", /not an address/],
    ["no host", "https://", /not an address/],
    ["a host that is none", "https://1.2.3.4.5/", /not an address/],
    ["1001 characters", `https://app.example/${"a".repeat(981)}`, /1000/],
    // another spelling
    ["capitals in the host", "https://App.example/", /as browsers do: https:\/\/app\.example\/$/],
    ["capitals in the scheme", "HTTPS://app.example/", /as browsers do/],
    ["a port that goes without saying", "https://app.example:443/", /as browsers do/],
    ["an empty port", "https://app.example:/", /as browsers do/],
    ["a port with zeros", "https://app.example:08443/", /as browsers do/],
    ["one slash", "https:/app.example/", /as browsers do/],
    ["no slash", "https:app.example/", /as browsers do/],
    ["three slashes", "https:///app.example/", /as browsers do/],
    ["dot segments", "https://app.example/a/../callback", /as browsers do/],
    ["a dot", "https://app.example/./callback", /as browsers do/],
    ["escaped dots", "https://app.example/a/%2e%2e/callback", /as browsers do/],
    ["a query on a bare host", "https://app.example?a=b", /as browsers do/],
    ["a host that is escaped", "https://%61pp.example/", /as browsers do/],
    ["an address as a number", "http://2130706433/callback", /as browsers do: http:\/\/127\.0\.0\.1/],
    ["a shortened address", "http://127.1/callback", /as browsers do/],
    ["a hexadecimal address", "http://0x7f.0.0.1/callback", /as browsers do/],
    ["an address with zeros", "http://[0:0:0:0:0:0:0:1]/callback", /as browsers do/],
    ["a scheme with capitals", "com.Example.app:/callback", /as browsers do: com\.example\.app/],
    ["a path of a program with dots", "com.example.app:/a/../callback", /as browsers do/],
    ["a letter that is escaped", "https://app.example/%63allback", /Escape only/],
    ["a dot that is escaped within a name", "https://app.example/a%2eb", /Escape only/],
    ["a tilde that is escaped", "https://app.example/%7Eme", /Escape only/],
    ["an escaped NUL", "https://app.example/%00", /Escape only/],
    ["an escaped line", "https://app.example/%0d%0aSet-Cookie:a", /Escape only/],
    ["an escape that is none", "https://app.example/100%", /Escape only/],
    ["an escape of one digit", "https://app.example/%4", /Escape only/],
    ["an escape of letters", "https://app.example/?a=%zz", /Escape only/],
    // what does not belong in it
    ["a fragment", "https://app.example/callback#a", /Leave out the #/],
    ["an empty fragment", "https://app.example/callback#", /Leave out the #/],
    ["a user name", "https://ok@evil.example/callback", /user name/],
    ["a user name and a password", "https://ok:pass@evil.example/", /user name/],
    ["a password alone", "https://:pass@evil.example/", /user name/],
    ["an empty user name", "https://@evil.example/", /as browsers do/],
    ["a user name of a program", "com.example.app://ok@evil/callback", /user name/],
    ["a wildcard", "https://*.example.com/callback", /wildcards/],
    ["a wildcard in the path", "https://app.example/*", /wildcards/],
    ["a backslash", "https://app.example\\@evil.example/", /ASCII/],
    ["a backslash in the path", "https://app.example/a\\b", /ASCII/],
    ["a backslash of a program", "com.example.app:/a\\b", /ASCII/],
    ["a space", "https://app.example/a b", /ASCII/],
    ["a space before it", " https://app.example/", /ASCII/],
    ["a tab", "https://app.exa\tmple/", /ASCII/],
    ["a line", "https://app.example/\n", /ASCII/],
    ["NUL", "https://app.example/\0", /ASCII/],
    ["DEL", "https://app.example/\x7f", /ASCII/],
    ["a letter from elsewhere", "https://bücher.example/", /ASCII/],
    ["a full stop from elsewhere", "https://app。example/", /ASCII/],
    ["a quotation mark", 'https://app.example/"', /ASCII/],
    ["angle brackets", "https://app.example/<a>", /ASCII/],
    ["a brace", "https://app.example/{a}", /ASCII/],
    ["a caret", "https://app.example/^", /ASCII/],
    ["a bar", "https://app.example/a|b", /ASCII/],
    ["a comma in the host", "https://app.example,evil.example/", /not an address/],
    // another scheme
    ["plain http", "http://app.example/callback", /Use https/],
    ["plain http to the network", "http://192.168.0.1/callback", /Use https/],
    ["another loopback address", "http://127.0.0.2/callback", /Use https/],
    ["no address of a host", "http://0.0.0.0/callback", /Use https/],
    ["a name below localhost", "http://app.localhost/callback", /Use https/],
    ["localhost with a dot", "http://localhost./callback", /Use https/],
    ["a host that begins as loopback", "http://127.0.0.1.evil.example/", /Use https/],
    ["a mapped address", "http://[::ffff:127.0.0.1]/", /Use https/],
    ["script", "javascript:alert(1)", /reverse order/],
    ["script that looks like a comment", "javascript://app.example/%0aalert(1)", /reverse order/],
    ["data", "data:text/html,a", /reverse order/],
    ["a file", "file:///etc/passwd", /reverse order/],
    ["a blob", "blob:https://app.example/a", /reverse order/],
    ["the source of a page", "view-source:https://app.example/", /reverse order/],
    ["ftp", "ftp://app.example/", /reverse order/],
    ["a WebSocket", "wss://app.example/", /reverse order/],
    ["an intent", "intent://app.example/", /reverse order/],
    ["the address of old that meant no address", "urn:ietf:wg:oauth:2.0:oob", /reverse order/],
    ["a scheme without a dot", "myapp:/callback", /reverse order/],
    ["a scheme that ends in a dot", "myapp.:/callback", /reverse order/],
    ["a scheme with two dots in a row", "com..app:/callback", /reverse order/],
    ["a scheme with a plus", "com.example+app:/callback", /reverse order/],
    ["a program without a path", "com.example.app:callback", /reverse order/],
    ["a program and nothing else", "com.example.app:", /reverse order/],
    // what the response says
    ["a code", "https://app.example/callback?code=a", /Leave code out/],
    ["a state among others", "https://app.example/callback?a=b&state=", /Leave state out/],
    ["an issuer that is escaped", "com.example.app:/callback?is%73=a", /Escape only/],
    ["an issuer", "com.example.app:/callback?iss", /Leave iss out/],
    ["an error", "https://app.example/callback?error", /Leave error out/],
  ])("is not one with %s", (_what, text, sentence) => {
    expect(redirectUriProblem(text)).toMatch(sentence);
  });

  it("is what a browser goes to, letter for letter, whatever is typed", () => {
    const schemes = fc.constantFrom(
      "https://",
      "http://",
      "com.example.app:/",
      "HTTPS://",
      "https:/",
      "myapp:/",
      "",
    );
    const hosts = fc.constantFrom(
      "app.example",
      "127.0.0.1",
      "[::1]",
      "localhost",
      "App.example",
      "a@b.example",
      "127.1",
    );
    const rests = fc.constantFrom(
      ":8443",
      ":443",
      "/",
      "/a",
      "?b=c",
      "&d",
      "#",
      "/%2e%2e",
      "%2F",
      "/..",
      "/.",
      "\\",
      "@",
      " ",
      "\t",
      "é",
      "*",
      "code=a",
    );
    const built = fc.tuple(schemes, hosts, fc.array(rests, { maxLength: 4 }));
    const typed = fc.oneof(
      { weight: 4, arbitrary: built.map(([scheme, host, rest]) => scheme + host + rest.join("")) },
      { weight: 1, arbitrary: fc.string() },
    );
    let accepted = 0;
    fc.assert(
      fc.property(typed, (text) => {
        const problem = redirectUriProblem(text);
        if (problem !== null) return void expect(problem).toMatch(/^[A-Z][^\n]*[^\s]$/);
        accepted += 1;
        const { href, origin, username, hash, protocol, hostname } = new URL(text);
        expect([href, origin]).toContain(text);
        expect([username, hash]).toEqual(["", ""]);
        if (protocol === "http:") expect(["127.0.0.1", "[::1]", "localhost"]).toContain(hostname);
        expect(protocol).toMatch(/^https?:$|\./);
      }),
      { numRuns: 1_000 },
    );
    expect(accepted).toBeGreaterThan(0);
  });
});

test.each([
  ["https://app.example/callback", false],
  ["https://localhost/callback", false],
  ["http://127.0.0.1:1/callback", true],
  ["http://[::1]/callback", true],
  ["http://localhost:3000/callback", true],
  ["com.example.app:/callback", true],
  ["com.https.app:/callback", true],
])("%s could be claimed by any program: %s", (uri, expected) => {
  expect(isClaimable(uri)).toBe(expected);
});

describe("the parameters of a response", () => {
  const RESPONSE = { code: "a-_~", state: "b c&d=é#", iss: "https://id.example" };
  const QUERY = "code=a-_%7E&state=b+c%26d%3D%C3%A9%23&iss=https%3A%2F%2Fid.example";

  test.each([
    ["https://app.example", `https://app.example?${QUERY}`],
    ["https://app.example/", `https://app.example/?${QUERY}`],
    ["https://app.example/callback?a=%41+b", `https://app.example/callback?a=%41+b&${QUERY}`],
    ["https://app.example/callback?", `https://app.example/callback?${QUERY}`],
    ["https://app.example/callback?a&", `https://app.example/callback?a&${QUERY}`],
    ["http://127.0.0.1:51004/callback", `http://127.0.0.1:51004/callback?${QUERY}`],
    ["com.example.app:/callback", `com.example.app:/callback?${QUERY}`],
    ["com.example.app://", `com.example.app://?${QUERY}`],
  ])("come behind %s", (uri, expected) => {
    expect(withParameters(uri, RESPONSE)).toBe(expected);
  });

  it("may be none", () => {
    expect(withParameters("https://app.example/callback", {})).toBe("https://app.example/callback");
  });

  it("arrive as they were given, and what was there before them stays", () => {
    const uris = fc.constantFrom(
      "https://a.test",
      "https://a.test/?b=c",
      "http://[::1]:1/a?",
      "com.example.app:/a?b=c&d",
    );
    const names = fc.constantFrom("code", "state", "iss", "error", "error_description");
    const values = fc.string({ unit: "grapheme" });
    fc.assert(
      fc.property(uris, fc.dictionary(names, values), (uri, parameters) => {
        const text = withParameters(uri, parameters);
        expect(text.startsWith(uri)).toBe(true);
        const own = [...new URL(uri).searchParams];
        expect([...new URL(text).searchParams]).toEqual([...own, ...Object.entries(parameters)]);
        expect(text).toMatch(/^[\x21-\x7e]+$/);
        expect(new URL(text).hash).toBe("");
      }),
    );
  });
});

describe("the origin of pages elsewhere", () => {
  test.each([
    "https://app.example",
    "https://app.example:8443",
    "https://10.0.0.5",
    "http://localhost:3000",
    "http://127.0.0.1",
    "http://[::1]:5173",
  ])("may be %s", (text) => {
    expect(originProblem(text)).toBeNull();
  });

  test.each([
    "",
    "null",
    "*",
    "app.example",
    "//app.example",
    "https://",
    "https://app.example/",
    "https://app.example/a",
    "https://app.example?",
    "https://app.example#",
    "https://app.example:443",
    "https://app.example:",
    "https://App.example",
    "https://ok@app.example",
    "https://*.example",
    "https://*",
    "https://bücher.example",
    "https://app.example,https://evil.example",
    "https://app.example https://evil.example",
    " https://app.example",
    "https://app.example\n",
    "https://app.example\\",
    "http://127.1",
    "com.example.app:/",
    "com.example.app://callback",
    "chrome-extension://abc",
    "file://",
    "data:text/html,a",
    "javascript:alert(1)",
    "ftp://app.example",
    `https://${"a.".repeat(1_000)}example`,
  ])("is not %j", (text) => {
    expect(originProblem(text)).toMatch(/^(Give the scheme|Use https)/);
  });

  test.each([
    "http://app.example",
    "http://localhost.evil.example",
    "http://192.168.0.1",
    "http://app.localhost",
  ])("is not %s without TLS", (text) => {
    expect(originProblem(text)).toMatch(/^Use https/);
  });

  it("is what a browser sends as its Origin, whatever is typed", () => {
    const piece = fc.constantFrom(
      "https://",
      "http://",
      "app.example",
      "App",
      "[::1]",
      ":1",
      ":443",
      "/",
      "@",
      "?",
      "*",
      " ",
    );
    const pieces = fc.array(piece, { minLength: 2, maxLength: 4 }).map((typed) => typed.join(""));
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(pieces, fc.string()), (text) => {
        if (originProblem(text) !== null) return;
        expect(new URL(text).origin).toBe(text);
        accepted += 1;
      }),
      { numRuns: 5_000 },
    );
    expect(accepted).toBeGreaterThan(0);
  });
});
