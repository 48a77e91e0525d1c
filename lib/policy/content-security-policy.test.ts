import { randomBytes } from "node:crypto";
import { describe, expect, it, test } from "vitest";
import { contentSecurityPolicy, createNonce, NO_CONTENT_CSP } from "./content-security-policy";

const NONCE = "AAECAwQFBgcICQoLDA0ODw==";

function directives(policy: string): Record<string, string> {
  const entries = policy.split("; ").map((text) => {
    const [name = "", ...sources] = text.split(" ");
    return [name, sources.join(" ")] as const;
  });
  expect(new Set(entries.map(([name]) => name)).size).toBe(entries.length);
  return Object.fromEntries(entries);
}

const PRODUCTION = {
  "default-src": "'none'",
  "script-src": `'nonce-${NONCE}' 'strict-dynamic'`,
  "style-src": "'self'",
  "img-src": "'self'",
  "font-src": "'self'",
  "connect-src": "'self'",
  "manifest-src": "'self'",
  "form-action": "'self'",
  "frame-ancestors": "'none'",
  "base-uri": "'none'",
  "object-src": "'none'",
  "require-trusted-types-for": "'script'",
  "trusted-types": "default",
  "report-uri": "/api/csp-reports",
};

describe("the policy of a page", () => {
  it("is exactly this in production", () => {
    expect(directives(contentSecurityPolicy(NONCE, { development: false }))).toEqual(PRODUCTION);
  });

  it("relaxes scripts, styles and Trusted Types in development, and nothing else", () => {
    const { "require-trusted-types-for": _required, "trusted-types": _policies, ...rest } = PRODUCTION;
    expect(directives(contentSecurityPolicy(NONCE, { development: true }))).toEqual({
      ...rest,
      "script-src": `${PRODUCTION["script-src"]} 'unsafe-eval'`,
      "style-src": "'self' 'unsafe-inline'",
    });
  });

  test.each([
    "",
    "abc",
    "x' 'unsafe-inline",
    `${NONCE};`,
    `${NONCE}\n`,
    "A".repeat(24),
    "550e8400-e29b-41d4-a716-446655440000",
  ])("is not made with the nonce %j", (nonce) => {
    expect(() => contentSecurityPolicy(nonce, { development: false })).toThrow("nonce");
  });
});

describe("a nonce", () => {
  it("is 128 random bits, all of them used", () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, index) => index);
    let asked = 0;
    const nonce = createNonce((count) => {
      asked = count;
      return bytes;
    });
    expect(asked).toBe(16);
    expect(nonce).toBe(NONCE);
    expect(Uint8Array.from(Buffer.from(nonce, "base64"))).toEqual(bytes);
  });

  it("differs each time and fits the policy", () => {
    const nonces = Array.from({ length: 500 }, () => createNonce(randomBytes));
    expect(new Set(nonces).size).toBe(500);
    for (const nonce of nonces)
      expect(contentSecurityPolicy(nonce, { development: false })).toContain(`'nonce-${nonce}'`);
  });
});

it("allows nothing where there is no page", () => {
  expect(NO_CONTENT_CSP).toBe(
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  );
});
