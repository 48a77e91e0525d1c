import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { clientAddress } from "../policy/client-address";
import { SettingError } from "./setting-error";
import { readSettings, type Settings } from "./settings";

const DATABASE_URL = "postgresql://latchkey:db-password@db.internal:5432/latchkey";
const APP_SECRET = "Zk9vQ2t1bWJlcjEyMzQ1Njc4OTBhYmNkZWZnaGlqa2w";

/** The one line that stops the start, or a failure when the settings are accepted. */
function refusalOf(variables: Record<string, string>): string {
  try {
    readSettings(variables);
  } catch (error) {
    if (error instanceof SettingError) return error.message;
    throw error;
  }
  throw new Error(`Accepted: ${JSON.stringify(variables)}`);
}

describe("without any variable", () => {
  it("is a local Latchkey on the embedded database", () => {
    expect(readSettings({})).toEqual({
      port: 3000,
      origin: "http://localhost:3000",
      dataDir: join(process.cwd(), ".data"),
      databaseUrl: null,
      redis: null,
      secrets: [],
      revocation: "replica",
      accessTokenSeconds: 600,
      sessionIdleSeconds: 7 * 86_400,
      sessionMaxSeconds: 30 * 86_400,
      clockToleranceSeconds: 10,
      keyRotationSeconds: 30 * 86_400,
      sessionAlgorithm: "ES256",
      signerSocket: null,
      signerNewKeys: true,
      shutdownDelaySeconds: 0,
      signup: "invite",
      bootstrapAdmin: null,
      trustedProxies: [],
      privateHosts: [],
      metricsToken: null,
      logLevel: "info",
      secureCookies: true,
      development: false,
    } satisfies Settings);
  });

  it("is the same as with every variable empty", () => {
    const names =
      "PORT APP_ORIGIN DATA_DIR DATABASE_URL REDIS_URL UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN METRICS_TOKEN APP_SECRET APP_SECRET_FILE REVOCATION ACCESS_TOKEN_MINUTES " +
      "SESSION_IDLE_DAYS SESSION_MAX_DAYS CLOCK_TOLERANCE_SECONDS KEY_ROTATION_DAYS SESSION_ALGORITHM SIGNER_SOCKET SIGNER_NEW_KEYS SHUTDOWN_DELAY_SECONDS SIGNUP BOOTSTRAP_ADMIN_EMAIL " +
      "BOOTSTRAP_ADMIN_PASSWORD TRUSTED_PROXIES PRIVATE_HOSTS LOG_LEVEL INSECURE_COOKIES NODE_ENV";
    const empty = Object.fromEntries(names.split(" ").map((name) => [name, ""]));
    expect(readSettings(empty)).toEqual(readSettings({}));
  });

  it("takes no notice of variables that are not its own", () => {
    expect(readSettings({ HOME: "/root", port: "1", ORIGIN: "x" })).toEqual(readSettings({}));
  });
});

describe("a value it may hold", () => {
  const rows: [Record<string, string>, Partial<Settings>][] = [
    [{ PORT: "1" }, { port: 1, origin: "http://localhost:1" }],
    [{ PORT: "65535" }, { port: 65_535, origin: "http://localhost:65535" }],
    [{ PORT: "80" }, { port: 80, origin: "http://localhost" }],
    [{ DATA_DIR: "/srv/latchkey" }, { dataDir: "/srv/latchkey" }],
    [{ DATA_DIR: "data" }, { dataDir: join(process.cwd(), "data") }],
    [
      { DATABASE_URL, APP_SECRET },
      { databaseUrl: DATABASE_URL, revocation: "strict", secrets: [APP_SECRET] },
    ],
    [{ DATABASE_URL: "postgres://db/x", APP_SECRET }, { databaseUrl: "postgres://db/x" }],
    [{ DATABASE_URL, APP_SECRET, REVOCATION: "replica" }, { revocation: "replica" }],
    [{ REVOCATION: "strict" }, { revocation: "strict" }],
    [{ ACCESS_TOKEN_MINUTES: "5" }, { accessTokenSeconds: 300 }],
    [{ ACCESS_TOKEN_MINUTES: "15" }, { accessTokenSeconds: 900 }],
    [{ SESSION_IDLE_DAYS: "1" }, { sessionIdleSeconds: 86_400 }],
    [{ SESSION_IDLE_DAYS: "30" }, { sessionIdleSeconds: 30 * 86_400 }],
    [{ SESSION_MAX_DAYS: "7" }, { sessionMaxSeconds: 7 * 86_400 }],
    [{ SESSION_MAX_DAYS: "365", SESSION_IDLE_DAYS: "365" }, { sessionIdleSeconds: 365 * 86_400 }],
    [{ CLOCK_TOLERANCE_SECONDS: "0" }, { clockToleranceSeconds: 0 }],
    [{ CLOCK_TOLERANCE_SECONDS: "30" }, { clockToleranceSeconds: 30 }],
    [{ KEY_ROTATION_DAYS: "1" }, { keyRotationSeconds: 86_400 }],
    [{ KEY_ROTATION_DAYS: "365" }, { keyRotationSeconds: 365 * 86_400 }],
    [{ SESSION_ALGORITHM: "ES256" }, { sessionAlgorithm: "ES256" }],
    [{ SESSION_ALGORITHM: "RS256" }, { sessionAlgorithm: "RS256" }],
    [{ SESSION_ALGORITHM: "EdDSA" }, { sessionAlgorithm: "EdDSA" }],
    [{ SESSION_ALGORITHM: "HS256" }, { sessionAlgorithm: "HS256", signerSocket: null }],
    [{ SIGNER_SOCKET: "/run/signer.sock" }, { signerSocket: "/run/signer.sock" }],
    [{ SIGNER_SOCKET: "signer.sock" }, { signerSocket: join(process.cwd(), "signer.sock") }],
    [{ SHUTDOWN_DELAY_SECONDS: "0" }, { shutdownDelaySeconds: 0 }],
    [{ SHUTDOWN_DELAY_SECONDS: "30" }, { shutdownDelaySeconds: 30 }],
    [{ SIGNUP: "open" }, { signup: "open" }],
    [
      { BOOTSTRAP_ADMIN_EMAIL: "ada@example.com", BOOTSTRAP_ADMIN_PASSWORD: "p" },
      { bootstrapAdmin: { email: "ada@example.com", password: "p" } },
    ],
    [
      { PRIVATE_HOSTS: "Billing.internal, 10.0.0.5:8443 ,[::1]:80,localhost,_a.b-c," },
      { privateHosts: ["billing.internal", "10.0.0.5:8443", "[::1]:80", "localhost", "_a.b-c"] },
    ],
    [{ PRIVATE_HOSTS: "a:1,a:65535" }, { privateHosts: ["a:1", "a:65535"] }],
    [{ LOG_LEVEL: "silent" }, { logLevel: "silent" }],
    [{ NODE_ENV: "development" }, { development: true }],
    [{ NODE_ENV: "production" }, { development: false }],
  ];

  test.each(rows)("%j", (variables, expected) => {
    expect(readSettings(variables)).toMatchObject(expected);
  });

  it("is a list of proxies, every one of which the client's address is worked out with", () => {
    const list = "10.0.0.0/8, 192.0.2.1 ,2001:db8::/32,::1,";
    const { trustedProxies } = readSettings({ TRUSTED_PROXIES: list });
    expect(trustedProxies).toEqual(["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::1"]);
    expect(clientAddress("10.1.2.3", "203.0.113.9", trustedProxies)).toBe("203.0.113.9");
  });
});

describe("a value it may not hold", () => {
  const wholeNumbers: [name: string, from: number, to: number, refused: string[]][] = [
    ["PORT", 1, 65_535, ["0", "65536"]],
    ["ACCESS_TOKEN_MINUTES", 5, 15, ["4", "16", "0"]],
    ["SESSION_IDLE_DAYS", 1, 365, ["0", "366"]],
    ["SESSION_MAX_DAYS", 1, 365, ["0", "366"]],
    ["CLOCK_TOLERANCE_SECONDS", 0, 30, ["31"]],
    ["KEY_ROTATION_DAYS", 1, 365, ["0", "366"]],
    ["SHUTDOWN_DELAY_SECONDS", 0, 30, ["31"]],
  ];
  const never = [
    "-1",
    "5.5",
    "5,5",
    "1e1",
    "0x10",
    " 10",
    "10 ",
    "ten",
    "Infinity",
    "NaN",
    "9999999999",
    "５",
  ];
  const numberRows = wholeNumbers.flatMap(([name, from, to, refused]) =>
    [...refused, ...never].map((value) => [name, value, `a whole number from ${from} to ${to}`] as const),
  );

  test.each(numberRows)("%s=%j", (name, value, allowed) => {
    const line = refusalOf({ [name]: value });
    expect(line).toContain(`${name} is "${value}"; it may hold ${allowed}`);
  });

  test.each([
    ["REVOCATION", "off", "replica or strict"],
    ["REVOCATION", "Strict", "replica or strict"],
    ["SIGNUP", "closed", "invite or open"],
    ["SIGNUP", "OPEN", "invite or open"],
    ["SESSION_ALGORITHM", "es256", "ES256, RS256, EdDSA or HS256"],
    ["SESSION_ALGORITHM", "none", "ES256, RS256, EdDSA or HS256"],
    ["SESSION_ALGORITHM", "RS512", "ES256, RS256, EdDSA or HS256"],
    ["SESSION_ALGORITHM", "ES256,HS256", "ES256, RS256, EdDSA or HS256"],
    ["LOG_LEVEL", "verbose", "fatal, error, warn, info, debug, trace or silent"],
    ["INSECURE_COOKIES", "1", "true (only on a loopback origin) or false"],
    ["INSECURE_COOKIES", "TRUE", "true (only on a loopback origin) or false"],
    ["BOOTSTRAP_ADMIN_EMAIL", "ada", "an e-mail address"],
    ["TRUSTED_PROXIES", "localhost", "addresses or CIDR ranges"],
    ["TRUSTED_PROXIES", "10.0.0.0/33", "addresses or CIDR ranges"],
    ["TRUSTED_PROXIES", "10.0.0.1;10.0.0.2", "addresses or CIDR ranges"],
    ["TRUSTED_PROXIES", "*", "addresses or CIDR ranges"],
    ["TRUSTED_PROXIES", "true", "addresses or CIDR ranges"],
  ])("%s=%s", (name, value, allowed) => {
    const line = refusalOf({ [name]: value });
    expect(line).toContain(`${name} is "${value}"; it may hold ${allowed}`);
  });

  it.each(["127.1", "10", "0x7f.1", "010.0.0.1", "10.0.0.0/0008", "::ffff:10.0.0.0/104"])(
    "is the proxy %s, at which every request would fail later",
    (value) => {
      expect(refusalOf({ TRUSTED_PROXIES: value })).toContain("TRUSTED_PROXIES");
    },
  );

  it.each([
    "*",
    "*.internal",
    "10.0.0.0/8",
    "http://a.internal",
    "a.internal/jwks",
    "a.internal;b.internal",
    "a b",
    "a.internal:",
    "a.internal:0",
    "a.internal:080",
    "a.internal:65536",
    "a.internal:https",
    "::1",
    "[::1",
    "[0::1]",
    "[::ffff:127.0.0.1]",
    "[fe80::1%eth0]",
    "127.1",
    "2130706433",
    "0x7f.1",
    "127.0.0.1.",
    "b\u00fccher.example",
    "a.internal, b/c",
  ])("is the private host %s, which no URL would have", (value) => {
    const allowed = "hosts, each alone or with a port";
    expect(refusalOf({ PRIVATE_HOSTS: value })).toContain(
      `PRIVATE_HOSTS is "${value}"; it may hold ${allowed}`,
    );
  });

  it("is a private host with a password in front, which is not repeated", () => {
    const line = refusalOf({ PRIVATE_HOSTS: "me:hunter2@a.internal" });
    expect(line).toContain("PRIVATE_HOSTS is not usable");
    expect(line).not.toContain("hunter2");
  });

  it("is an idle limit above the absolute one", () => {
    const line = refusalOf({ SESSION_IDLE_DAYS: "8", SESSION_MAX_DAYS: "7" });
    expect(line).toContain('SESSION_IDLE_DAYS is "8"');
    expect(line).toContain("not above SESSION_MAX_DAYS");
  });

  it("is a signer outside for a secret that both signs and verifies, which cannot stay there", () => {
    const line = refusalOf({ SIGNER_SOCKET: "/run/signer.sock", SESSION_ALGORITHM: "HS256" });
    expect(line).toContain('SIGNER_SOCKET is "/run/signer.sock"');
    expect(line).toContain("unless SESSION_ALGORITHM is HS256");
  });

  it("is half of the first administrator", () => {
    expect(refusalOf({ BOOTSTRAP_ADMIN_EMAIL: "ada@example.com" })).toContain(
      "BOOTSTRAP_ADMIN_PASSWORD is not set",
    );
    expect(refusalOf({ BOOTSTRAP_ADMIN_PASSWORD: "hunter2-hunter2" })).toContain(
      "BOOTSTRAP_ADMIN_EMAIL is not set",
    );
  });

  it.each([
    ["LOG_LEVEL", "info\nFORGED LINE"],
    ["PORT", "3000\n"],
    ["SIGNUP", "a\r\nb"],
    ["TRUSTED_PROXIES", "10.0.0.1,\n10.0.0.x"],
    ["APP_ORIGIN", "http://a.test\nx"],
  ])("is said in one line also when %s holds several", (name, value) => {
    expect(refusalOf({ [name]: value })).not.toMatch(/[\r\n]/);
  });
});
