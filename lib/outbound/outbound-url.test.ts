import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { parsePrivateHost } from "@/lib/config/private-hosts";
import { FetchRefusedError } from "./fetch-refused-error";
import { isPrivateHost, parseOutboundUrl } from "./outbound-url";

/** The sentence of the refusal, or the URL that is not refused. */
function outcomeOf(text: string, privateHosts: string[] = []): string {
  try {
    return parseOutboundUrl(text, privateHosts).href;
  } catch (error) {
    if (error instanceof FetchRefusedError) return error.message;
    throw error;
  }
}

describe("an address that may be asked", () => {
  test.each([
    "https://keys.example.com/jwks.json",
    "https://keys.example.com:8443/jwks?v=1",
    "https://8.8.8.8/",
    "https://[2606:4700:4700::1111]/jwks",
  ])("%s is on the public internet", (text) => {
    expect(outcomeOf(text)).toBe(text);
  });

  test.each([
    ["http://billing/jwks", ["billing"]],
    ["http://billing:8080/jwks", ["billing"]],
    ["http://billing:8080/jwks", ["billing:8080"]],
    ["https://billing/jwks", ["billing:443"]],
    ["http://billing/jwks", ["other", "billing:80"]],
    ["https://10.0.0.5:8443/", ["10.0.0.5"]],
    ["http://[::1]:3000/", ["[::1]:3000"]],
  ])("%s is by %j", (text, privateHosts) => {
    expect(outcomeOf(text, privateHosts)).toBe(text);
  });

  it("is by the same name in another spelling", () => {
    expect(outcomeOf("http://BILLING/", ["billing"])).toBe("http://billing/");
    expect(outcomeOf("http://2130706433:80/", ["127.0.0.1"])).toBe("http://127.0.0.1/");
  });

  it("is every one at a host that the setting takes", () => {
    const name = fc.constantFrom(
      "a",
      "a.b-c_d",
      "localhost",
      "127.0.0.1",
      "[::1]",
      "[fd00::1]",
      "A.Internal",
    );
    const port = fc.option(fc.oneof(fc.constantFrom(80, 443), fc.integer({ min: 1, max: 65_535 })));
    fc.assert(
      fc.property(name, port, fc.constantFrom("http", "https"), (host, number, scheme) => {
        const entry = number === null ? host : `${host}:${number}`;
        const privateHosts = [parsePrivateHost(entry) ?? "refused"];
        expect(isPrivateHost(new URL(`${scheme}://${entry}/`), privateHosts)).toBe(true);
      }),
    );
  });
});

describe("an address that is not asked", () => {
  const NOT_PUBLIC = /not on the public internet/;
  test.each([
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "0177.0.0.1",
    "017700000001",
    "%31%32%37.0.0.1",
    "①②⑦.0.0.1",
    "127。0。0。1",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
    "0",
    "10.0.0.1",
    "192.168.1.1",
    "172.16.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[fe80::1]",
    "[fd00::1]",
    "[ff02::1]",
  ])("%s is not public", (host) => {
    expect(outcomeOf(`https://${host}/jwks`)).toMatch(NOT_PUBLIC);
    expect(outcomeOf(`https://${host}:8443/jwks`, ["billing", "127.0.0.1:443", "[::1]:443"])).toMatch(
      NOT_PUBLIC,
    );
  });

  test.each([
    ["http://keys.example.com/jwks", /https/],
    ["ftp://keys.example.com/jwks", /https/],
    ["file:///etc/passwd", /https/],
    ["data:application/json,{}", /https/],
    ["javascript:1", /https/],
    ["ftp://files/jwks", /https/],
    ["constructor://billing/jwks", /https/],
    ["http://billing.example.com/", /https/],
    ["http://billing:8081/", /https/],
    ["https://billing@10.0.0.1/", /user name/],
    ["https://:secret@keys.example.com/", /user name/],
    ["https://keys.example.com/#key", /#/],
    ["https://keys.example.com/#", /#/],
    ["keys.example.com/jwks", /not a URL/],
    ["//keys.example.com/jwks", /not a URL/],
    ["https://", /not a URL/],
    ["https://1.2.3.4.5/", /not a URL/],
    ["https://[fe80::1%25eth0]/", /not a URL/],
    ["", /not a URL/],
    [`https://keys.example.com/${"a".repeat(2048)}`, /not a URL/],
  ])("%s is not of the right kind", (text, sentence) => {
    expect(outcomeOf(text, ["billing:8080", "billing:443", "files"])).toMatch(sentence);
  });

  it("is not repeated with what may be its password", () => {
    expect(outcomeOf("https://me:hunter2@keys.example.com/")).not.toContain("hunter2");
  });

  it("is refused with a sentence, or it is https, whatever is typed", () => {
    const part = fc.constantFrom(
      "http",
      "https:",
      "//",
      "/",
      "\\",
      "@",
      "#",
      "?",
      ":",
      "127.1",
      "[::1]",
      "a.b",
      "%00",
      "\n",
      ".",
    );
    const text = fc.oneof(
      fc.string(),
      fc.webUrl(),
      fc.array(part, { maxLength: 8 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, (typed) => {
        const outcome = outcomeOf(typed);
        expect(outcome).toMatch(/^https:\/\/[^/@]+\/[^#]*$|^[^\n]+\.$/);
      }),
      { numRuns: 500 },
    );
  });
});
