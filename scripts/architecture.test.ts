import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findViolations } from "./architecture";

const PROJECT = join(import.meta.dirname, "..");

test("the project keeps its own rules", () => {
  const folders = ["app", "lib", "scripts", "e2e"].flatMap((folder) =>
    readdirSync(join(PROJECT, folder), { recursive: true, encoding: "utf8" }).map(
      (name) => `${folder}/${name}`,
    ),
  );
  const paths = [...readdirSync(PROJECT), ...folders].filter((path) => /\.(ts|tsx|mjs)$/.test(path));
  const files = paths.map((path) => ({ path, text: readFileSync(join(PROJECT, path), "utf8") }));
  expect(files.length).toBeGreaterThan(100);
  expect(findViolations(files)).toEqual([]);
});

const violations = (path: string, text: string) => findViolations([{ path, text }]);

test.each([
  ["lib/crypto/a.ts", 'import { k } from "@/lib/keys/keyring";'],
  ["lib/crypto/a.ts", 'import { k } from "../keys/keyring";'],
  ["lib/tokens/a.ts", 'export * from "@/lib/sessions/session";'],
  ["lib/sessions/a.ts", 'const { x } = await import("@/lib/identity/sign-in");'],
  ["lib/sessions/a.ts", 'import type { Services } from "@/lib/services";'],
  ["lib/identity/a.ts", 'import { createUserStore } from "@/lib/store/users";'],
  ["lib/sessions/a.ts", 'import { isPublic } from "@/lib/oauth/client";'],
  ["lib/oauth/a.ts", 'import { createClientStore } from "@/lib/store/clients";'],
  ["lib/oauth/a.ts", 'import type { Verifier } from "../verifier/verifier";'],
  ["lib/services.ts", 'import { page } from "@/app/page";'],
  ["app/page.tsx", 'import { openStores } from "@/lib/store/stores";'],
  ["middleware.ts", 'import { openStores } from "./lib/store/stores";'],
  ["lib/identity/a.ts", 'import { PrismaClient } from "@prisma/client";'],
  ["app/page.tsx", 'import { Prisma } from "@/lib/store/generated/client";'],
  ["lib/revocation/a.ts", 'import type { Redis } from "@upstash/redis";'],
  ["lib/services.ts", 'import { Redis } from "ioredis";'],
  ["lib/redis/a.ts", 'import { Denylist } from "../revocation/denylist";'],
  ["lib/policy/a.ts", 'import { headers } from "next/headers";'],
  ["lib/store/a.ts", 'import { cache } from "react";'],
  ["lib/keys/a.ts", "const port = process.env.PORT;"],
  ["app/page.tsx", 'const secret = process.env["APP_SECRET"];'],
])("refuses %s with %s", (path, text) => {
  expect(violations(path, text)).toEqual([expect.stringContaining(path)]);
});

test.each([
  ["lib/keys/a.ts", 'import { sealed } from "@/lib/crypto/sealed-box";'],
  ["lib/store/users.ts", 'import { Prisma } from "./generated/client";'],
  ["lib/oauth/a.ts", 'import { fetchJson } from "@/lib/outbound/fetch-json";'],
  ["lib/store/clients.ts", 'import type { ClientStore } from "@/lib/oauth/client";'],
  ["lib/services.ts", 'import { openStores } from "./store/stores";'],
  ["app/page.tsx", 'import { services } from "@/lib/services";\nimport { cache } from "react";'],
  ["lib/redis/a.ts", 'import { Redis } from "ioredis";\nimport { x } from "@/lib/config/durations";'],
  ["lib/revocation/a.ts", 'import type { RedisLink } from "@/lib/redis/redis-link";'],
  ["lib/config/settings.ts", "readSettings(process.env)"],
  ["lib/tokens/a.test.ts", 'import { start } from "@/lib/sessions/start-session";'],
])("allows %s with %s", (path, text) => {
  expect(violations(path, text)).toEqual([]);
});
