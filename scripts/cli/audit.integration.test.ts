import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { Client } from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "../../e2e/support/fresh-database";
import type { AuditEvent } from "../../lib/audit/events";
import type { Services } from "../../lib/services";
import { type DatabaseStores, openStores } from "../../lib/store/stores";
import { auditExport } from "./audit";
import type { StreamedResult } from "./command";

const PROJECT = join(import.meta.dirname, "../..");
const SECRET = "0123456789abcdefghijklmnopqrstuvwxyz";

function start(databaseUrl: string, ...words: string[]) {
  const own = { APP_SECRET: SECRET, APP_SECRET_FILE: "", DATABASE_URL: databaseUrl };
  const command = spawn(process.execPath, ["scripts/cli.mjs", "audit", ...words], {
    cwd: PROJECT,
    env: { ...process.env, ...own },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => command.once("close", resolve));
  return { output: command.stdout, errors: text(command.stderr), ended };
}

async function run(databaseUrl: string, ...words: string[]) {
  const command = start(databaseUrl, ...words);
  const [code, output, errors] = await Promise.all([command.ended, text(command.output), command.errors]);
  return { code, output, errors };
}

/**
 * Follows an export as any other program would, from docs/decisions/010-audit-chain.md alone.
 * Throws at the first line that is not the next link.
 */
function followExport(output: string): unknown[] {
  let previous = "0".repeat(64);
  return output
    .split("\n")
    .slice(0, -1)
    .map((line, n) => {
      const { previousHash, hash, ...content } = JSON.parse(line);
      const canonical = JSON.stringify(content, (_name, value) => (isObject(value) ? sorted(value) : value));
      const bytes = Buffer.concat([Buffer.from(previous, "hex"), Buffer.from(canonical, "utf8")]);
      expect({ position: content.position, previousHash, hash }).toEqual({
        position: n + 1,
        previousHash: previous,
        hash: createHash("sha256").update(bytes).digest("hex"),
      });
      previous = hash;
      return content;
    });
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const sorted = (value: object) =>
  Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));

const EVENTS: AuditEvent[] = [
  {
    at: new Date("2027-03-01T12:00:00.000Z"),
    type: "session.ended",
    actorId: randomUUID(),
    userId: randomUUID(),
    sessionId: "s1",
    client: { ip: "2001:db8::1", userAgent: 'Netscape "4" \\ \u{1f511} é \u2028' },
    details: {
      reason: "logout",
      zero: -0,
      tenth: 0.1,
      large: 1e21,
      small: 1e-7,
      isKnown: true,
      none: null,
      é: "\n",
    },
  },
  {
    at: new Date("2027-03-02T12:00:00.999Z"),
    type: "sign_in.failed",
    actorId: null,
    userId: null,
    sessionId: null,
    client: null,
    details: {},
  },
];

let database: TestDatabase;
let sql: Client;
let stores: DatabaseStores;
beforeEach(async () => {
  database = await freshDatabase();
  sql = new Client({ connectionString: database.url });
  await sql.connect();
  stores = openStores(database.url);
  for (const event of EVENTS) await stores.audit.record(event);
});
afterEach(async () => {
  await Promise.all([sql.end(), stores.close()]);
  await database.drop();
});

const audit = (...words: string[]) => run(database.url, ...words);

it("an export says all of every event, and can be followed by another program", async () => {
  const { code, output, errors } = await audit("export");
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  expect(followExport(output)).toEqual(
    EVENTS.map(({ client, at, ...event }, n) => ({
      ...event,
      id: n + 1,
      position: n + 1,
      at: at.toISOString(),
      ip: client?.ip ?? null,
      userAgent: client?.userAgent ?? null,
      details: JSON.parse(JSON.stringify(event.details)),
    })),
  );
  expect(await audit("export", "--json")).toEqual({ code, output, errors });
});

it("an export takes a time from which, a time before which, and a type", async () => {
  const types = async (options: Record<string, string>) => {
    const { stream } = (await auditExport.run({ stores } as Services, {
      positionals: [],
      options,
    })) as StreamedResult;
    return (await text(Readable.from(stream)))
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line).type);
  };
  expect(await types({ from: "2027-03-02" })).toEqual(["sign_in.failed"]);
  expect(await types({ to: "2027-03-02T14:00:00+02:00" })).toEqual(["session.ended"]);
  expect(await types({ type: "sign_in.failed" })).toEqual(["sign_in.failed"]);
  expect(await types({ type: "sign_in.failed", to: "2027-03-02" })).toEqual([]);
});

it("an export stops quietly when its reader has had enough", async () => {
  await sql.query(`INSERT INTO audit_events (at, type, details)
                   SELECT now(), 'session.ended', '{}' FROM generate_series(1, 20000)`);
  const { output, errors, ended } = start(database.url, "export");
  let first = "";
  for await (const part of output) {
    first = String(part);
    // Which closes the pipe.
    break;
  }
  expect(await errors).toBe("");
  expect(await ended).toBe(0);
  expect(JSON.parse(first.split("\n")[0] ?? "").position).toBe(1);
});

it("a verification changes nothing, and says what is not chained", async () => {
  const { code, output } = await audit("verify", "--json");
  expect(code).toBe(0);
  const unchained = { count: EVENTS.length, oldestAt: EVENTS[0]?.at.toISOString() };
  expect(JSON.parse(output)).toMatchObject({ isWhole: true, head: { position: 0 }, unchained });
  expect((await stores.auditChain.unchained()).count).toBe(EVENTS.length);
});

it("a verification finds a head that was noted, or refuses", async () => {
  await stores.auditChain.chainNew();
  const [, head = ""] = /^Head: (2:[0-9a-f]{64})$/m.exec((await audit("verify")).output) ?? [];
  expect((await audit("verify", "--includes", head)).code).toBe(0);
  await sql.query("ALTER TABLE audit_events DISABLE TRIGGER ALL");
  await sql.query("DELETE FROM audit_events WHERE id = 2");
  const { code, output } = await audit("verify", "--includes", head);
  expect(output).toContain("broken at position 2");
  expect(code).toBe(1);
});
