import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { SECRET_DENIAL_SECONDS } from "@/lib/config/durations";
import { addSeconds, secondsBetween } from "@/lib/crypto/clock";
import type { DenialCursor, DenialReading, DenialStore } from "@/lib/revocation/denial";
import { type DatabaseStores, openStores } from "./stores";

const NOW = new Date("2027-03-01T12:00:00.000Z");
const SOON = addSeconds(NOW, 60);
const LATER = addSeconds(NOW, 600);

let database: TestDatabase;
let stores: DatabaseStores;
let denials: DenialStore;
let sql: Client;
beforeAll(async () => {
  database = await freshDatabase();
  stores = openStores(database.url);
  denials = stores.denials;
  sql = new Client({ connectionString: database.url });
  await sql.connect();
});
afterAll(async () => {
  await Promise.all([stores.close(), sql.end()]);
  await database.drop();
});
beforeEach(() => sql.query("DELETE FROM denials"));

/** As if everything so far had been written an hour ago, further back than any overlap of two reads. */
const age = () => sql.query("UPDATE denials SET recorded_at = recorded_at - interval '1 hour'");

describe("a denial", () => {
  it("of a token covers that token, of a session or a key every token of it", async () => {
    await denials.deny({ kind: "jti", value: "t1", expiresAt: LATER });
    await denials.deny({ kind: "sid", value: "s1", expiresAt: LATER });
    await denials.deny({ kind: "kid", value: "k1", expiresAt: LATER });
    expect(await denials.covers({ jti: "t1", sid: "s9", kid: "k9" }, NOW)).toBe(true);
    expect(await denials.covers({ jti: "t9", sid: "s1", kid: "k9" }, NOW)).toBe(true);
    expect(await denials.covers({ jti: "t9", sid: "s9", kid: "k1" }, NOW)).toBe(true);
    expect(await denials.covers({ jti: "t9", sid: "s9", kid: "k9" }, NOW)).toBe(false);
    // No kind is mistaken for another.
    expect(await denials.covers({ jti: "s1", sid: "k1", kid: "t1" }, NOW)).toBe(false);
  });

  it("covers until the millisecond before it expires", async () => {
    await denials.deny({ kind: "jti", value: "t1", expiresAt: SOON });
    expect(await denials.covers({ jti: "t1", sid: "s", kid: "k" }, addSeconds(SOON, -0.001))).toBe(true);
    expect(await denials.covers({ jti: "t1", sid: "s", kid: "k" }, SOON)).toBe(false);
  });

  it("may outlive everybody, as that of a revoked secret does", async () => {
    const expiresAt = addSeconds(NOW, SECRET_DENIAL_SECONDS);
    await denials.deny({ kind: "kid", value: "k1", expiresAt });
    expect((await denials.readSince(null, NOW)).denials).toMatchObject([{ value: "k1", expiresAt }]);
    expect(await denials.covers({ jti: "t", sid: "s", kid: "k1" }, addSeconds(expiresAt, -1))).toBe(true);
  });

  it("made again expires at the later of the two instants, in whichever order", async () => {
    for (const [value, first, second] of [
      ["up", SOON, LATER],
      ["down", LATER, SOON],
    ] as const) {
      await denials.deny({ kind: "jti", value, expiresAt: first });
      await denials.deny({ kind: "jti", value, expiresAt: second });
      expect(await denials.covers({ jti: value, sid: "s", kid: "k" }, addSeconds(SOON, 1))).toBe(true);
    }
  });

  it("made by many at once is one", async () => {
    const expiries = Array.from({ length: 20 }, (_, n) => addSeconds(NOW, 60 + n));
    await Promise.all(expiries.map((expiresAt) => denials.deny({ kind: "sid", value: "s1", expiresAt })));
    const read = await denials.readSince(null, NOW);
    expect(read.denials).toHaveLength(1);
    expect(read.denials).toMatchObject([{ kind: "sid", value: "s1", expiresAt: addSeconds(NOW, 79) }]);
  });
});

describe("reading what is new", () => {
  it("begins with all that has not expired", async () => {
    await denials.deny({ kind: "jti", value: "old", expiresAt: NOW });
    await denials.deny({ kind: "jti", value: "t1", expiresAt: SOON });
    await age();
    const { denials: all, isComplete, cursor } = await denials.readSince(null, NOW);
    expect(isComplete).toBe(true);
    expect(all).toHaveLength(1);
    expect(all).toMatchObject([{ kind: "jti", value: "t1", expiresAt: SOON }]);
    expect(secondsBetween(all[0]?.recordedAt ?? NOW, cursor.readAt)).toBeCloseTo(3600, -1);
  });

  it("goes on from the cursor, with what is denied again for longer", async () => {
    await denials.deny({ kind: "jti", value: "t1", expiresAt: SOON });
    await denials.deny({ kind: "jti", value: "t2", expiresAt: SOON });
    await age();
    const { cursor } = await denials.readSince(null, NOW);
    expect((await denials.readSince(cursor, NOW)).denials).toEqual([]);
    await denials.deny({ kind: "jti", value: "t1", expiresAt: LATER });
    await denials.deny({ kind: "sid", value: "s3", expiresAt: SOON });
    const { denials: news } = await denials.readSince(cursor, NOW);
    expect(news.map(({ value, expiresAt }) => [value, expiresAt]).toSorted()).toEqual([
      ["s3", SOON],
      ["t1", LATER],
    ]);
  });

  it("does not miss a denial that was written before a read and committed after it", async () => {
    const slow = new Client({ connectionString: database.url });
    await slow.connect();
    const value = randomUUID();
    const committed = slow.query(
      `BEGIN;
       INSERT INTO denials (kind, value, expires_at) VALUES ('sid', '${value}', '${LATER.toISOString()}');
       SELECT pg_sleep(1);
       COMMIT`,
    );
    await untilInserting(value);
    const seen: string[] = [];
    let cursor: DenialCursor | null = null;
    let isCommitted = false;
    let readsBefore = 0;
    const done = committed.then(() => {
      isCommitted = true;
    });
    while (!isCommitted) {
      const news: DenialReading = await denials.readSince(cursor, NOW);
      cursor = news.cursor;
      seen.push(...news.denials.map((denial) => denial.value));
      if (!seen.includes(value)) readsBefore += 1;
    }
    await done;
    // The reads did happen while it could not be seen yet, and the cursor went on.
    expect(readsBefore).toBeGreaterThan(1);
    seen.push(...(await denials.readSince(cursor, NOW)).denials.map((denial) => denial.value));
    expect(seen).toContain(value);
    await slow.end();
  });

  /** Resolves once the other connection sleeps, its row written and not committed. */
  async function untilInserting(value: string): Promise<void> {
    for (;;) {
      const { rowCount } = await sql.query(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE $1",
        [`%${value}%`],
      );
      if (rowCount === 1) return;
    }
  }
});
