import { describe, expect, it, test } from "vitest";
import { SettingError } from "./setting-error";
import { readSettings } from "./settings";

const TOKEN = "AYQgASQgNzQ3ODg0Y2MtMmQ3NC00";

function refusalOf(variables: Record<string, string>): string {
  try {
    readSettings(variables);
  } catch (error) {
    if (error instanceof SettingError) return error.message;
    throw error;
  }
  throw new Error("Accepted.");
}

describe("REDIS_URL", () => {
  test.each([
    "redis://localhost",
    "redis://127.0.0.1:6379",
    "redis://[::1]:6379/",
    "redis://cache.internal/3",
    "redis://:pass@cache.internal:6379/15",
    "redis://user:p%40ss@cache.internal",
    "rediss://default:pass@cache.example.com:6380",
  ])("may be %s", (REDIS_URL) => {
    expect(readSettings({ REDIS_URL }).redis).toEqual({ kind: "tcp", url: REDIS_URL });
  });

  test.each([
    ["localhost:6379", "no scheme"],
    ["http://localhost:6379", "another scheme"],
    ["unix:///run/redis.sock", "a socket"],
    ["REDISS://cache.internal", "a scheme that would be taken for one without TLS"],
    [" rediss://cache.internal", "a space before the scheme"],
    ["redis://cache.internal ", "a space behind"],
    ["redis://", "no host"],
    ["redis:///0", "no host but a database"],
    ["redis://:hunter2@", "a password but no host"],
    ["redis://cache.internal:port", "a port that is none"],
    ["redis://cache.internal/name", "a database that is no number"],
    ["redis://cache.internal/0/1", "two databases"],
    ["redis://cache.internal?enableOfflineQueue=true", "parameters"],
    ["redis://cache.internal#0", "a fragment"],
    ["redis://:hunter2%zz@cache.internal", "a password that cannot be decoded"],
  ])("may not be %s: %s", (REDIS_URL) => {
    const line = refusalOf({ REDIS_URL });
    expect(line).toMatch(/^REDIS_URL is not usable; it may hold a redis:\/\/ or rediss:\/\/ URL .*\.$/);
    expect(line).not.toContain("hunter2");
  });
});

describe("UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN", () => {
  const withToken = (url: string) => ({ UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: TOKEN });

  test.each([
    "https://eu1-merry-cat-32748.upstash.io",
    "https://proxy.example.com:8443/redis/",
    "http://localhost:8079",
    "http://127.0.0.1:8079",
    "http://[::1]:8079",
  ])("may be %s", (url) => {
    expect(readSettings(withToken(url)).redis).toEqual({ kind: "rest", url, token: TOKEN });
  });

  test.each([
    "eu1-merry-cat-32748.upstash.io",
    "redis://cache.internal",
    "http://cache.internal:8079",
    "http://127.0.0.1.example.com",
    "HTTPS://eu1.upstash.io ",
    "https://default:hunter2@eu1.upstash.io",
    "https://eu1.upstash.io?_token=hunter2",
    "https://",
  ])("may not be %s", (url) => {
    const line = refusalOf(withToken(url));
    expect(line).toMatch(
      /^UPSTASH_REDIS_REST_URL is not usable; it may hold an https URL, or http on localhost/,
    );
    expect(line).not.toContain("hunter2");
  });

  test.each(["two words", "line\nbreak", "tökén"])("is not the token %j", (token) => {
    const line = refusalOf({
      UPSTASH_REDIS_REST_URL: "https://a.upstash.io",
      UPSTASH_REDIS_REST_TOKEN: token,
    });
    expect(line).toMatch(/^UPSTASH_REDIS_REST_TOKEN is not usable/);
    expect(line).not.toContain(token);
  });

  it("belong together", () => {
    expect(refusalOf({ UPSTASH_REDIS_REST_URL: "https://a.upstash.io" })).toMatch(
      /^UPSTASH_REDIS_REST_TOKEN is not set; it may hold the token that belongs to UPSTASH_REDIS_REST_URL\.$/,
    );
    const line = refusalOf({ UPSTASH_REDIS_REST_TOKEN: TOKEN });
    expect(line).toMatch(/^UPSTASH_REDIS_REST_URL is not set; .* together with UPSTASH_REDIS_REST_TOKEN\.$/);
    expect(line).not.toContain(TOKEN);
  });

  test.each<Record<string, string>>([
    withToken("https://a.upstash.io"),
    { UPSTASH_REDIS_REST_URL: "https://a.upstash.io" },
    { UPSTASH_REDIS_REST_TOKEN: TOKEN },
  ])("do not stand beside REDIS_URL: %j", (upstash) => {
    const line = refusalOf({ ...upstash, REDIS_URL: "redis://:hunter2@cache.internal" });
    expect(line).toMatch(/^REDIS_URL is not usable; it may hold .* unless UPSTASH_REDIS_REST_URL/);
    expect(line).not.toMatch(/hunter2|\n/);
    expect(line).not.toContain(TOKEN);
  });
});

describe("METRICS_TOKEN", () => {
  test.each(["0123456789abcdef0123456789abcdef", "Zk9vQ2t1bWJlcjEyMzQ1Njc4OTBhYmNkZWZnaGlqa2w="])(
    "may be %s",
    (METRICS_TOKEN) => {
      expect(readSettings({ METRICS_TOKEN }).metricsToken).toBe(METRICS_TOKEN);
    },
  );

  test.each([
    "hunter2",
    "0123456789abcdef0123456789abcde",
    "012345678".repeat(6),
    "0123456789abcdef 0123456789abcdef",
    "0123456789abcdef0123456789abcdéf",
  ])("may not be %j", (METRICS_TOKEN) => {
    const line = refusalOf({ METRICS_TOKEN });
    expect(line).toMatch(/^METRICS_TOKEN is not usable; it may hold one secret of at least 32 random bytes/);
    expect(line).not.toContain(METRICS_TOKEN);
  });
});
