import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "../support/journey";

/** Written out here, so that opening a route to strangers takes two decisions. */
const PUBLIC = new Set([
  "/",
  "/login",
  "/signup",
  "/setup",
  "/reset-password",
  "/icon.svg",
  "/favicon.ico",
  "/healthz",
  "/readyz",
  // To this machine alone, which the tests run on; e2e/attacks/metrics.spec.ts has the rest.
  "/metrics",
  "/.well-known/jwks.json",
  "/.well-known/oauth-authorization-server",
  "/.well-known/openid-configuration",
  "/oauth/authorize",
  "/oauth/end-session",
  "/sign-out",
  "/api/auth/login",
  "/api/auth/signup",
  "/api/auth/refresh",
  "/api/auth/logout",
  "/api/csp-reports",
]);

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/** Every route that Next has built, as a path that can be asked for. */
function builtRoutes(): string[] {
  const manifest = join(import.meta.dirname, "../../.next/server/app-paths-manifest.json");
  const entries = Object.keys(JSON.parse(readFileSync(manifest, "utf8")));
  const paths = entries.map(
    (entry) => entry.replace(/\/(page|route)$/, "").replace(/\/\([^)]+\)/g, "") || "/",
  );
  return [...new Set(paths)].map((path) => path.replace(/\[[^\]]+\]/g, "0w9k9CMGVSsf31AzOcZnMw"));
}

test("each built route that is not in the public table refuses a stranger", async ({ latchkey }) => {
  const routes = builtRoutes();
  expect(routes.length).toBeGreaterThan(30);
  for (const path of routes.filter((route) => !PUBLIC.has(route))) {
    for (const method of METHODS) {
      const response = await fetch(`${latchkey.origin}${path}`, { method, redirect: "manual" });
      const text = await response.text();
      const refused = [401, 404, 405].includes(response.status) || isSentToLogin(response);
      expect(refused, `${method} ${path} answered ${response.status}: ${text.slice(0, 80)}`).toBe(true);
    }
  }
});

const isSentToLogin = (response: Response): boolean =>
  response.status === 303 && /^(http:\/\/localhost:\d+)?\/login/.test(response.headers.get("location") ?? "");
