import { expect, it, test } from "vitest";
import { SECURITY_HEADERS } from "./security-headers";

const headers = new Headers(SECURITY_HEADERS.map(([name, value]): [string, string] => [name, value]));

test.each([
  ["Strict-Transport-Security", "max-age=63072000; includeSubDomains"],
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "same-origin"],
  ["Cross-Origin-Opener-Policy", "same-origin"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
  ["Origin-Agent-Cluster", "?1"],
  ["X-Frame-Options", "DENY"],
  ["X-DNS-Prefetch-Control", "off"],
  ["X-Permitted-Cross-Domain-Policies", "none"],
])("%s: %s", (name, value) => {
  expect(headers.get(name)).toBe(value);
});

it("names each header once", () => {
  expect(new Set(SECURITY_HEADERS.map(([name]) => name.toLowerCase())).size).toBe(SECURITY_HEADERS.length);
});

it("denies features to everyone, ourselves included", () => {
  const features = (headers.get("permissions-policy") ?? "").split(", ");
  for (const feature of features) expect(feature).toMatch(/^[a-z-]+=\(\)$/);
  expect(features).toEqual(
    expect.arrayContaining([
      "camera=()",
      "microphone=()",
      "geolocation=()",
      "payment=()",
      "usb=()",
      "clipboard-read=()",
    ]),
  );
});
