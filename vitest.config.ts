import { defineConfig } from "vitest/config";

const NEVER = ["**/node_modules/**", "**/.next/**"];
const INTEGRATION = "**/*.integration.test.ts";
const PROGRAMS = "scripts/**/*.integration.test.ts";
/** A part of an example that needs no Latchkey. */
const BY_ITSELF = "examples/mesh-express/token-source.test.ts";
const ON_SERVERS = { exclude: NEVER, testTimeout: 60_000, hookTimeout: 60_000 };

/**
 * Integration tests find a real Postgres at TEST_DATABASE_URL and a real Redis at TEST_REDIS_URL, which `npm test` sets.
 * Those of programs start the command line, the launcher and the signer as an operator does.
 * Tests of several instances run one file at a time: they stop and pause servers, and measure how soon others notice.
 * So do those of the examples, which stop servers too.
 */
export default defineConfig({
  resolve: { alias: [{ find: /^@\//, replacement: `${import.meta.dirname}/` }] },
  test: {
    // Every core; by itself Vitest leaves one, which of two is half.
    maxWorkers: "100%",
    // What is waited for comes; by itself Vitest gives up after a second, which a busy machine may take.
    expect: { poll: { timeout: 20_000 } },
    execArgv: ["--import", `${import.meta.dirname}/scripts/testing/file-limit.mjs`],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{lib,app,scripts}/**/*.test.ts", "*.test.ts", BY_ITSELF],
          exclude: [...NEVER, INTEGRATION],
          // Properties take a second or two; on a busy machine many times that.
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          ...ON_SERVERS,
          name: "integration",
          include: [INTEGRATION],
          exclude: [...NEVER, PROGRAMS],
        },
      },
      { extends: true, test: { ...ON_SERVERS, name: "programs", include: [PROGRAMS] } },
      {
        extends: true,
        test: {
          name: "instances",
          include: ["e2e/instances/**/*.test.ts", "examples/**/*.test.ts"],
          exclude: [...NEVER, BY_ITSELF],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
