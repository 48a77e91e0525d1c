import { afterAll, beforeAll, expect, it } from "vitest";
import { type PostgresServer, startPostgresServer } from "@/e2e/instances/support/postgres-server";
import { applyMigrations } from "@/scripts/apply-migrations";
import { createClient } from "./client";
import { isOutage } from "./outage";

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgresServer();
  await applyMigrations(server.url);
});
afterAll(() => server.remove());

const PATIENCE = { connections: 1, connectMs: 5_000, statementMs: 2_000, answerMs: 100 };

it("a transaction that got no answer takes no later write along", async () => {
  const client = createClient(server.url, PATIENCE);
  const failure = await client
    .$transaction(async (tx) => {
      await tx.$executeRaw`SELECT 1`;
      await server.pause();
      await tx.$executeRaw`SELECT 1`;
    })
    .then(
      () => null,
      (error: unknown) => error,
    );
  await server.resume();
  expect(isOutage(failure)).toBe(true);
  const limit = { key: "written afterwards", points: 1, expire: null };
  await client.rateLimit.create({ data: limit });
  await client.$disconnect();
  const other = createClient(server.url, { ...PATIENCE, statementMs: 4_000 });
  expect(await other.rateLimit.findMany()).toEqual([limit]);
  await other.$disconnect();
});
