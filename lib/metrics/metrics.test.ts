import fc from "fast-check";
import { register as globalRegistry } from "prom-client";
import { beforeEach, describe, expect, it, test } from "vitest";
import { ERRORS } from "@/lib/errors/catalogue";
import { createMetrics, type Metrics } from "./metrics";
import { growth, labelValues, parseExposition, type Samples } from "./testing/exposition";

const ROUTES = ["/", "/api/sessions/{id}", "/*"];
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

let metrics: Metrics;
beforeEach(() => {
  metrics = createMetrics(ROUTES);
});

const scrape = async (): Promise<Samples> => parseExposition(await metrics.text());

describe("a scrape", () => {
  it("is of the text format, before and after anything has happened", async () => {
    await scrape();
    metrics.watchProcess("1.2.3");
    metrics.watch({
      denylistEntries: () => 3,
      denylistAgeSeconds: () => 0.25,
      isRedisCircuitOpen: () => true,
      unusableKeys: () => 0,
      secondsToNextKey: () => 86_400,
    });
    metrics.requests.observe({ route: "/", method: "GET", status: 200 }, 0.01);
    metrics.revocationLag.observe(0.3);
    metrics.redisSeconds.observe(0.0004);
    metrics.signingSeconds.observe(0.0004);
    const samples = await scrape();
    expect(samples.get('latchkey_build_info{version="1.2.3"}')).toBe(1);
    expect(samples.get("process_start_time_seconds")).toBeGreaterThan(1e9);
    expect(samples.has("nodejs_eventloop_lag_p99_seconds")).toBe(true);
    expect(metrics.contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
  });

  it("names each counted value from the start, so that its first increase is seen", async () => {
    const samples = await scrape();
    for (const code of Object.keys(ERRORS)) {
      expect(samples.get(`latchkey_refusals_total{code="${code}"}`)).toBe(0);
    }
    expect(samples.get('latchkey_refreshes_total{outcome="reuse"}')).toBe(0);
    expect(samples.get("latchkey_revocation_lag_seconds_count")).toBe(0);
  });

  it("is this object's alone", async () => {
    const other = createMetrics(ROUTES);
    other.signIns.inc("failed");
    expect((await scrape()).get('latchkey_sign_ins_total{outcome="failed"}')).toBe(0);
    expect(globalRegistry.getMetricsAsArray()).toEqual([]);
  });
});

test("counters grow by one, or by what they are told", async () => {
  const before = await scrape();
  metrics.signIns.inc("succeeded");
  metrics.refusals.inc("rate_limited");
  metrics.refusals.inc("rate_limited");
  metrics.tokenRejections.inc("signature");
  metrics.denylistAnswers.inc("postgres");
  metrics.sessionsEnded.inc("revoked_by_admin", 7);
  metrics.sessionsEnded.inc("logout", 0);
  expect(growth(before, await scrape())).toEqual({
    'latchkey_sign_ins_total{outcome="succeeded"}': 1,
    'latchkey_refusals_total{code="rate_limited"}': 2,
    'latchkey_token_rejections_total{reason="signature"}': 1,
    'latchkey_denylist_answers_total{source="postgres"}': 1,
    'latchkey_sessions_ended_total{reason="revoked_by_admin"}': 7,
  });
});

describe("a histogram", () => {
  test.each<[string, (seconds: number) => void, number[]]>([
    ["latchkey_redis_seconds", (seconds) => metrics.redisSeconds.observe(seconds), [0.0001, 0.05]],
    ["latchkey_signing_seconds", (seconds) => metrics.signingSeconds.observe(seconds), [0.0001, 1]],
    ["latchkey_revocation_lag_seconds", (seconds) => metrics.revocationLag.observe(seconds), [0.001, 5]],
  ])("%s has buckets from its least to its most", async (name, observe, [least = 0, most = 0]) => {
    for (const seconds of [least / 2, least, most, most * 2]) observe(seconds);
    const samples = await scrape();
    expect(samples.get(`${name}_bucket{le="${least}"}`)).toBe(2);
    expect(samples.get(`${name}_bucket{le="${most}"}`)).toBe(3);
    expect(samples.get(`${name}_bucket{le="+Inf"}`)).toBe(4);
    expect(samples.get(`${name}_count`)).toBe(4);
    expect(samples.get(`${name}_sum`)).toBeCloseTo(1.5 * least + 3 * most, 9);
  });

  it("tells a revocation within the promised second from a later one", async () => {
    metrics.revocationLag.observe(0.999);
    metrics.revocationLag.observe(1.001);
    expect((await scrape()).get('latchkey_revocation_lag_seconds_bucket{le="1"}')).toBe(1);
  });
});

describe("a gauge", () => {
  const NAMES = [
    "latchkey_denylist_entries",
    "latchkey_denylist_age_seconds",
    "latchkey_redis_circuit_open",
    "latchkey_unusable_keys",
    "latchkey_next_key_seconds",
  ];

  const read = async () => {
    const samples = await scrape();
    return NAMES.map((name) => samples.get(name));
  };

  it("has no sample until somebody watches, nor while there is nothing to say", async () => {
    expect(await read()).toEqual(NAMES.map(() => undefined));
    metrics.watch({
      denylistEntries: () => null,
      denylistAgeSeconds: () => null,
      isRedisCircuitOpen: () => null,
      unusableKeys: () => 0,
      secondsToNextKey: () => null,
    });
    expect(await read()).toEqual([undefined, undefined, undefined, 0, undefined]);
  });

  it("is read at each scrape", async () => {
    let isOpen: boolean | null = false;
    let entries = 5;
    let secondsLeft = 90.5;
    metrics.watch({
      denylistEntries: () => entries,
      denylistAgeSeconds: () => 0.125,
      isRedisCircuitOpen: () => isOpen,
      unusableKeys: () => 2,
      secondsToNextKey: () => secondsLeft,
    });
    expect(await read()).toEqual([5, 0.125, 0, 2, 90.5]);
    isOpen = true;
    secondsLeft = -3;
    entries = 100_000;
    expect(await read()).toEqual([100_000, 0.125, 1, 2, -3]);
    isOpen = null;
    expect(await read()).toEqual([100_000, 0.125, undefined, 2, -3]);
  });
});

describe("labels", () => {
  it("are closed sets, whatever is counted", async () => {
    const before = await scrape();
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom(...ROUTES, ...METHODS, "__proto__", "constructor", 'x"} 1\n'),
    );
    fc.assert(
      fc.property(text, text, text, fc.constantFrom(200, 404, "aborted" as const), (a, b, c, status) => {
        metrics.requests.observe({ route: a, method: b, status }, 0.01);
        metrics.refusals.inc(c as "forbidden");
        metrics.tokenRejections.inc(c as "denied");
        metrics.signIns.inc(c as "failed");
      }),
    );
    const samples = await scrape();
    const beyond = (label: string, allowed: readonly string[]) =>
      [...labelValues(samples, label)].filter((value) => !allowed.includes(value));
    expect(beyond("route", [...ROUTES, "other"])).toEqual([]);
    expect(beyond("method", [...METHODS, "other"])).toEqual([]);
    expect(beyond("status", ["200", "404", "aborted"])).toEqual([]);
    const others = [...samples.keys()].filter(
      (series) => !series.startsWith("latchkey_http_request_seconds"),
    );
    expect(others).toEqual([...before.keys()]);
  });

  it("keep requests that differ in one of them apart", async () => {
    metrics.requests.observe({ route: "/", method: "GET", status: 200 }, 0.01);
    metrics.requests.observe({ route: "/", method: "GET", status: 303 }, 0.01);
    metrics.requests.observe({ route: "/", method: "PURGE", status: 405 }, 0.01);
    metrics.requests.observe({ route: "/api/sessions/mine", method: "DELETE", status: "aborted" }, 0.01);
    const counts = [...(await scrape()).keys()].filter((series) =>
      series.startsWith("latchkey_http_request_seconds_count"),
    );
    expect(counts).toEqual([
      'latchkey_http_request_seconds_count{route="/",method="GET",status="200"}',
      'latchkey_http_request_seconds_count{route="/",method="GET",status="303"}',
      'latchkey_http_request_seconds_count{route="/",method="other",status="405"}',
      'latchkey_http_request_seconds_count{route="other",method="DELETE",status="aborted"}',
    ]);
  });
});

describe("the parser of these tests", () => {
  test.each([
    ["an unfinished line", "# TYPE a counter\na 1"],
    ["a sample without a type", "a 1\n"],
    ["a label without quotes", "# TYPE a counter\na{b=c} 1\n"],
    ["a value that is none", "# TYPE a counter\na x\n"],
    ["a series twice", "# TYPE a counter\na 1\na 2\n"],
    ["a type twice", "# TYPE a counter\n# TYPE a counter\n"],
    ["a quote that is not escaped", '# TYPE a counter\na{b="c"d"} 1\n'],
  ])("refuses %s", (_name, text) => {
    expect(() => parseExposition(text)).toThrow();
  });
});
