import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "playwright/test";
import { startLatchkey } from "../support/latchkey";

/** SECURITY.md, "weak HS secret" and J5: what would be unsafe to run with does not run, and is not printed. */
const WEAK: [setting: string, value: string, more?: Record<string, string>][] = [
  ["APP_SECRET", "secret-of-16-byte"],
  ["APP_SECRET", "0123456789abcdef0123456789abcde"],
  ["APP_SECRET", "correct-horse-battery-staple-is-a-well-known-phrase,short-one-here"],
  ["APP_ORIGIN", "http://latchkey.example"],
  ["APP_ORIGIN", "https://user:hidden-in-the-address@latchkey.example"],
  ["APP_ORIGIN", "https://latchkey.example/path"],
  ["APP_ORIGIN", "javascript:alert(1)"],
  ["INSECURE_COOKIES", "true", { APP_ORIGIN: "https://latchkey.example" }],
  ["TRUSTED_PROXIES", "everybody"],
  ["CLOCK_TOLERANCE_SECONDS", "3600"],
  ["ACCESS_TOKEN_MINUTES", "1440"],
  ["SESSION_MAX_DAYS", "-1"],
  ["SIGNUP", "anyone"],
  ["REVOCATION", "none"],
  ["BOOTSTRAP_ADMIN_PASSWORD", "password", { BOOTSTRAP_ADMIN_EMAIL: "root@example.com" }],
];

/** Values that would be a secret, and so must not come back. */
const SECRET_SETTINGS = ["APP_SECRET", "BOOTSTRAP_ADMIN_PASSWORD"];

test("a weak or wrong setting stops the start with one line that names it, and prints no secret", async () => {
  test.setTimeout(120_000);
  const dataDir = await mkdtemp(join(tmpdir(), "latchkey-weak-"));
  for (const [setting, value, more] of WEAK) {
    const row = `${setting}=${value}`;
    const started = startLatchkey({ dataDir, ready: /is ready at/, env: { [setting]: value, ...more } });
    const error = await started.then(
      async (running) => {
        await running.stop();
        return null;
      },
      (reason: Error) => reason.message,
    );
    expect.soft(error, `${row} starts`).not.toBeNull();
    const output = (error ?? "")
      .split("\n")
      .slice(1)
      .filter((line) => line !== "");
    expect.soft(output, row).toHaveLength(1);
    expect.soft(output[0], row).toContain(setting);
    if (SECRET_SETTINGS.includes(setting)) expect.soft(output.join(), row).not.toContain(value.slice(0, 10));
  }
  await rm(dataDir, { recursive: true });
});
