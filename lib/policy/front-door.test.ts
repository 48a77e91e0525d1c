import type { IncomingHttpHeaders } from "node:http";
import { describe, expect, it, test } from "vitest";
import { type RawRequest, refusalAtTheDoor, trustedHeaders } from "./front-door";

const ORIGIN = "https://login.example.com";
const HOST = "login.example.com";
const METRICS_TOKEN = "Zk9vQ2t1bWJlcjEyMzQ1Njc4OTBhYmNkZWZnaGlqa2w";
const STRANGER = "203.0.113.9";

type Changes = Partial<Pick<RawRequest, "method" | "target" | "socketAddress">> & {
  headers?: Record<string, string | undefined>;
  /** Headers that came several times. */
  repeated?: Record<string, string[]>;
};

function refusalOf({
  method = "GET",
  target = "/",
  socketAddress = STRANGER,
  headers = {},
  repeated = {},
}: Changes) {
  const all: IncomingHttpHeaders = { host: HOST };
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) delete all[name];
    else all[name] = value;
  }
  const valuesOf = (name: string) => repeated[name] ?? [all[name] ?? []].flat();
  const settings = { origin: ORIGIN, metricsToken: METRICS_TOKEN };
  return refusalAtTheDoor({ method, target, socketAddress, headers: all, valuesOf }, settings);
}

describe("what comes in", () => {
  const rows: [name: string, request: Changes][] = [
    ["a page", {}],
    ["a page with a query", { target: "/login?return_to=%2Fadmin" }],
    ...["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map((method): [string, Changes] => [
      method,
      { method },
    ]),
    ["the host in another case", { headers: { host: "LOGIN.example.com" } }],
    ["the host with its default port", { headers: { host: `${HOST}:443` } }],
    ["a body of 64 KiB", { method: "POST", headers: { "content-length": "65536" } }],
    ["an empty body", { method: "POST", headers: { "content-length": "0" } }],
    ["a health check by address", { target: "/healthz", headers: { host: "10.0.0.7:3000" } }],
    ["a readiness check by address", { target: "/readyz", headers: { host: "10.0.0.7:3000" } }],
    ["a readiness check without a host", { target: "/readyz", headers: { host: undefined } }],
    [
      "the metrics to their token, by address",
      { target: "/metrics", headers: { host: "10.0.0.7:3000", authorization: `Bearer ${METRICS_TOKEN}` } },
    ],
    [
      "the metrics to this machine",
      { target: "/metrics", socketAddress: "::1", headers: { host: "localhost:3000" } },
    ],
    ["what only begins like the metrics, for the route table to judge", { target: "/metrics/x" }],
  ];

  test.each(rows)("%s", (_name, request) => {
    expect(refusalOf(request)).toBeNull();
  });
});

describe("what is refused at the door", () => {
  const rows: [code: string, name: string, request: Changes][] = [
    ...["TRACE", "CONNECT", "PROPFIND", "get", "Get", "GET\x0b", "", "PURGE", "__proto__", "constructor"].map(
      (method): [string, string, Changes] => ["method_not_allowed", JSON.stringify(method), { method }],
    ),
    ...[
      "//admin",
      "/./admin",
      "/x/../admin",
      "/%61dmin",
      "/admin%2f",
      "/%2e%2e/admin",
      "/admin;x",
      "/admin%00",
      "/admin\\",
      "/_next/../admin",
      "/_next/image/../../admin",
      "admin",
      "*",
      "",
      "http://evil.test/",
      "https://login.example.com/admin",
      "//evil.test/healthz",
      `/${"a".repeat(9000)}`,
    ].map((target): [string, string, Changes] => ["invalid_request", target.slice(0, 40), { target }]),
    ...["/_next/data/build/metrics.json", "/_next/data/build/admin.json", "/_next/data/"].map(
      (target): [string, string, Changes] => ["not_found", target, { target }],
    ),
    ...["host", "authorization", "content-type", "origin"].map((name): [string, string, Changes] => [
      "invalid_request",
      `${name} twice`,
      { repeated: { [name]: ["a", "a"] } },
    ]),
    ["invalid_request", "our host twice", { repeated: { host: [HOST, HOST] } }],
    ["misdirected_request", "a foreign host", { headers: { host: "evil.test" } }],
    ["misdirected_request", "no host", { headers: { host: undefined } }],
    ["misdirected_request", "an empty host", { headers: { host: "" } }],
    ["misdirected_request", "another port", { headers: { host: `${HOST}:8443` } }],
    ["misdirected_request", "a subdomain", { headers: { host: `x.${HOST}` } }],
    ["misdirected_request", "an address", { headers: { host: "10.0.0.7:3000" } }],
    [
      "misdirected_request",
      "a foreign host behind a forwarded one",
      { headers: { host: "evil.test", "x-forwarded-host": HOST } },
    ],
    [
      "misdirected_request",
      "a health check with a query",
      { target: "/healthz?x", headers: { host: "10.0.0.7" } },
    ],
    [
      "misdirected_request",
      "what begins like a health check",
      { target: "/healthz/x", headers: { host: "10.0.0.7" } },
    ],
    ["not_authenticated", "the metrics to a stranger", { target: "/metrics" }],
    ["not_authenticated", "the metrics with a query", { target: "/metrics?x=1" }],
    ["not_authenticated", "the metrics with an empty query", { target: "/metrics?" }],
    ["not_authenticated", "the metrics' head", { method: "HEAD", target: "/metrics" }],
    ["not_authenticated", "the metrics by another method", { method: "POST", target: "/metrics" }],
    [
      "not_authenticated",
      "the metrics with a wrong token",
      { target: "/metrics", headers: { authorization: "Bearer wrong" } },
    ],
    [
      "invalid_request",
      "the metrics with two tokens",
      { target: "/metrics", repeated: { authorization: [`Bearer ${METRICS_TOKEN}`, "Bearer x"] } },
    ],
    [
      "invalid_request",
      "an upgrade to a WebSocket",
      { headers: { connection: "upgrade", upgrade: "websocket" } },
    ],
    ["invalid_request", "an upgrade to HTTP/2", { headers: { connection: "upgrade", upgrade: "h2c" } }],
    ["length_required", "a chunked body", { method: "POST", headers: { "transfer-encoding": "chunked" } }],
    [
      "length_required",
      "a body both ways",
      { method: "POST", headers: { "transfer-encoding": "chunked", "content-length": "5" } },
    ],
    [
      "length_required",
      "an encoding of its own",
      { method: "POST", headers: { "transfer-encoding": "identity" } },
    ],
    ["body_too_large", "64 KiB and one byte", { method: "POST", headers: { "content-length": "65537" } }],
    ["body_too_large", "10 MB", { method: "POST", headers: { "content-length": "10000000" } }],
    [
      "body_too_large",
      "more than a number holds",
      { method: "POST", headers: { "content-length": "9".repeat(400) } },
    ],
  ];

  test.each(rows)("%s: %s", (code, _name, request) => {
    expect(refusalOf(request)).toBe(code);
  });
});

describe("the headers that the application sees", () => {
  const caller = { target: "/", socketAddress: STRANGER, requestId: "request-1" };
  const seen = (headers: IncomingHttpHeaders, trustedProxies: string[] = [], from = caller) =>
    trustedHeaders(headers, from, { origin: ORIGIN, trustedProxies });

  it("are the caller's own where they are his to say", () => {
    const own = {
      accept: "text/html",
      cookie: "a=b",
      authorization: "Bearer x",
      origin: "https://evil.test",
      "sec-fetch-site": "cross-site",
      "user-agent": "x",
      "next-action": "abc",
      rsc: "1",
      "set-cookie": ["a", "b"],
    };
    expect(seen(own)).toMatchObject(own);
  });

  it("always say our host, the caller's address and our request id", () => {
    expect(seen({ host: "LOGIN.example.com:443" })).toMatchObject({
      host: HOST,
      "x-forwarded-host": HOST,
      "x-forwarded-for": "203.0.113.9",
      "x-request-id": "request-1",
    });
  });

  it("say our scheme or none, never a caller's", () => {
    const { "x-forwarded-proto": scheme = "https" } = seen({ "x-forwarded-proto": "http" });
    expect(scheme).toBe("https");
  });

  test.each([
    "x-middleware-subrequest",
    "x-middleware-rewrite",
    "x-middleware-set-cookie",
    "x-nextjs-data",
    "x-next-cache-tags",
    "x-invoke-path",
    "x-invoke-status",
    "x-matched-path",
    "x-now-route-matches",
    "x-vercel-forwarded-for",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-user",
    "forwarded",
    "x-real-ip",
    "x-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "x-nonce",
    "content-security-policy",
    "content-security-policy-report-only",
  ])("never hold a caller's %s", (name) => {
    expect(seen({ [name]: "middleware:middleware:middleware" })).not.toHaveProperty(name);
  });

  test.each(["x-request-id", "x-forwarded-host", "x-forwarded-proto", "host"])(
    "hold our %s and not a caller's",
    (name) => {
      expect(Object.values(seen({ [name]: "evil.test" }))).not.toContain("evil.test");
      expect(seen({ [name]: "evil.test" })).toEqual(seen({}));
    },
  );

  test.each<[string, string | undefined, string[], string]>([
    ["a stranger says who he is", "198.51.100.1", [], "203.0.113.9"],
    ["a stranger says who he is, beside a proxy", "198.51.100.1", ["10.0.0.0/8"], "203.0.113.9"],
    ["a trusted proxy says who calls", "198.51.100.1", ["203.0.113.0/24"], "198.51.100.1"],
    [
      "a trusted proxy repeats what its caller wrote",
      "6.6.6.6, 198.51.100.1",
      ["203.0.113.0/24"],
      "198.51.100.1",
    ],
    ["a trusted proxy says nothing", undefined, ["203.0.113.0/24"], "203.0.113.9"],
  ])("hold the right address when %s", (_name, forwardedFor, proxies, expected) => {
    const headers = forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor };
    expect(seen(headers, proxies)["x-forwarded-for"]).toBe(expected);
  });

  it("name the port where the origin has one", () => {
    const local = trustedHeaders({}, caller, { origin: "http://localhost:3000", trustedProxies: [] });
    expect(local).toMatchObject({ host: "localhost:3000", "x-forwarded-host": "localhost:3000" });
  });
});
