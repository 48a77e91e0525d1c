import { defineConfig } from "playwright/test";

/** `npm test` sets CHROMIUM_PATH; without it, Playwright's own browser. */
const executablePath = process.env.CHROMIUM_PATH;

/** Each test starts the production build for itself (e2e/support/latchkey.ts), so there is no server to share. */
export default defineConfig({
  testDir: "e2e",
  // The others are Vitest's.
  testMatch: "**/*.spec.ts",
  outputDir: "test-results",
  workers: 2,
  forbidOnly: true,
  timeout: 60_000,
  // Several times what all of them take: whatever runs in circles is not waited for without end.
  globalTimeout: 40 * 60_000,
  // A click may mean a password's hash, a transaction on the embedded engine and the first load of a page's code.
  expect: { timeout: 15_000 },
  reporter: [["list"], ["json", { outputFile: ".cache/e2e.json" }]],
  use: {
    browserName: "chromium",
    actionTimeout: 10_000,
    navigationTimeout: 20_000,
    launchOptions: executablePath ? { executablePath } : {},
    screenshot: "only-on-failure",
  },
});
