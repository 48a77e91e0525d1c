import { describe, expect, it, test } from "vitest";
import { SettingError } from "./setting-error";
import { readSettings } from "./settings";

const originOf = (APP_ORIGIN: string): string => readSettings({ APP_ORIGIN }).origin;

describe("APP_ORIGIN", () => {
  test.each([
    ["https://login.example.com", "https://login.example.com"],
    ["https://login.example.com/", "https://login.example.com"],
    ["https://login.example.com:8443", "https://login.example.com:8443"],
    ["https://192.0.2.1", "https://192.0.2.1"],
    ["http://localhost:3000", "http://localhost:3000"],
    ["http://localhost", "http://localhost"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["http://[::1]:8080", "http://[::1]:8080"],
  ])("may be %s", (value, origin) => {
    expect(originOf(value)).toBe(origin);
  });

  test.each([
    "http://login.example.com",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://localhost@example.com",
    "http://192.168.1.10:3000",
    "http://0.0.0.0:3000",
    "https://login.example.com/path",
    "https://login.example.com//",
    "https://login.example.com/?x",
    "https://login.example.com?x",
    "https://login.example.com#x",
    "https://user:hunter2@login.example.com",
    "ftp://login.example.com",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "login.example.com",
    "//login.example.com",
    "https://",
    "https://login.example.com\n.evil.test",
    "https://login\t.example.com",
  ])("may not be %s", (value) => {
    expect(() => originOf(value)).toThrow(SettingError);
    expect(() => originOf(value)).toThrow(
      /^APP_ORIGIN .*https origin without a path, or http on localhost\.$/,
    );
  });

  it("says what it holds", () => {
    expect(() => originOf("http://login.example.com")).toThrow('APP_ORIGIN is "http://login.example.com"');
  });

  it("says nothing of a password in it", () => {
    expect(() => originOf("https://user:hunter2@login.example.com")).not.toThrow(/hunter2/);
  });
});

describe("INSECURE_COOKIES", () => {
  test.each([undefined, "http://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000"])(
    "may be true on %s",
    (origin) => {
      expect(readSettings({ APP_ORIGIN: origin, INSECURE_COOKIES: "true" }).secureCookies).toBe(false);
      expect(readSettings({ APP_ORIGIN: origin, INSECURE_COOKIES: "false" }).secureCookies).toBe(true);
      expect(readSettings({ APP_ORIGIN: origin }).secureCookies).toBe(true);
    },
  );

  test.each(["https://login.example.com", "https://localhost.example.com"])(
    "may not be true on %s",
    (origin) => {
      const variables = { APP_ORIGIN: origin, INSECURE_COOKIES: "true" };
      expect(() => readSettings(variables)).toThrow(/^INSECURE_COOKIES is "true"; .*loopback/);
    },
  );
});
