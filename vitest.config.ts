import { defineConfig } from "vitest/config";

const NEVER = ["**/node_modules/**", "**/.next/**"];
const INTEGRATION = "**/*.integration.test.ts";

/** Integration tests find a real Postgres at TEST_DATABASE_URL, which `npm test` sets. */
export default defineConfig({
  resolve: { alias: [{ find: /^@\//, replacement: `${import.meta.dirname}/` }] },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{lib,app,scripts}/**/*.test.ts", "*.test.ts"],
          exclude: [...NEVER, INTEGRATION],
        },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: [INTEGRATION],
          exclude: NEVER,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
