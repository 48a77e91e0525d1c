import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningLatchkey, startLatchkey } from "../support/latchkey";
import { type PostgresServer, startPostgresServer } from "./support/postgres-server";

/** Needs no session, and reads the database. */
const PAGE = "/setup?token=secret-of-the-link";

let postgres: PostgresServer;
let latchkey: RunningLatchkey;

beforeAll(async () => {
  postgres = await startPostgresServer();
  const APP_SECRET = randomBytes(32).toString("base64url");
  latchkey = await startLatchkey({ env: { DATABASE_URL: postgres.url, APP_SECRET } });
});

afterAll(async () => {
  await latchkey.stop();
  await postgres.remove();
});

const ask = (headers: Record<string, string> = {}) => fetch(`${latchkey.origin}${PAGE}`, { headers });

it.each([
  ["as it is", { "accept-encoding": "identity" }],
  ["compressed", { "accept-encoding": "gzip" }],
])("a page that cannot be made without the database is 503 and says so, %s", async (_, headers) => {
  await postgres.stop();
  const answer = await ask(headers);
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.headers.get("content-security-policy")).toMatch(/^default-src 'none'/);
  expect(answer.headers.getSetCookie()).toEqual([]);
  const text = await answer.text();
  expect(text).toContain("Not available for a moment");
  expect(text).not.toContain("<script");
  await postgres.start();
  expect((await ask(headers)).status).toBe(200);
});

it("what it writes meanwhile is one JSON object a line, by the request's id, without the query", async () => {
  await postgres.stop();
  const id = (await ask()).headers.get("x-request-id") ?? "none";
  await latchkey.untilOutput(new RegExp(`"requestId":"${id}".*"status":503`));
  await postgres.start();
  const [, sinceReady = ""] = latchkey.output().split(latchkey.setupLink);
  const lines = sinceReady
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
  const ofTheRequest = lines.filter(({ requestId }) => requestId === id);
  expect(ofTheRequest).toEqual([
    expect.objectContaining({ level: 50, err: expect.objectContaining({ digest: expect.any(String) }) }),
    expect.objectContaining({ level: 30, method: "GET", route: "/setup", status: 503 }),
  ]);
  expect(sinceReady).not.toContain("secret-of-the-link");
});
