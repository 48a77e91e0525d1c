import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { addSeconds } from "@/lib/crypto/clock";
import { sha256 } from "@/lib/crypto/derive-key";
import type { OneTimeLink } from "@/lib/identity/user-store";
import { createClient } from "./client";
import type { PrismaClient } from "./generated/client";
import { type DatabaseStores, openStores } from "./stores";
import { addUser } from "./testing/session-store-subject";

const NOW = new Date("2027-03-01T12:00:00.000Z");
const RACERS = 20;

let database: TestDatabase;
let stores: DatabaseStores;
let db: PrismaClient;
let userId: string;
beforeAll(async () => {
  database = await freshDatabase();
  stores = openStores(database.url);
  db = createClient(database.url);
});
afterAll(async () => {
  await Promise.all([stores.close(), db.$disconnect()]);
  await database.drop();
});
beforeEach(async () => {
  await db.oneTimeLink.deleteMany();
  userId = (await addUser(db, {})).id;
});

const newLink = (overrides: Partial<OneTimeLink> = {}): OneTimeLink => ({
  id: randomUUID(),
  purpose: "password_reset",
  tokenHash: sha256(randomBytes(32)),
  userId,
  createdAt: NOW,
  expiresAt: addSeconds(NOW, 3600),
  ...overrides,
});
const setupLink = () => newLink({ purpose: "setup", userId: null });
/** As createLink writes it. */
const write = (link: OneTimeLink) => stores.atomically((tx) => tx.links.replace(link));
const countUsable = () => db.oneTimeLink.count({ where: { consumedAt: null } });

describe("a one-time link", () => {
  it("is consumed by exactly one of twenty", async () => {
    const link = newLink();
    await write(link);
    const taken = await Promise.all(
      Array.from({ length: RACERS }, () => stores.links.consume(link.tokenHash, NOW)),
    );
    expect(taken.filter((taker) => taker !== null)).toMatchObject([{ id: link.id, userId }]);
    expect(await stores.links.findUsable(link.tokenHash, NOW)).toBeNull();
  });

  it("can be looked at without being used", async () => {
    const link = newLink();
    await write(link);
    expect(await stores.links.findUsable(link.tokenHash, NOW)).toMatchObject({ id: link.id });
    expect(await stores.links.consume(link.tokenHash, NOW)).toMatchObject({ id: link.id });
  });

  it("works until the millisecond before it expires", async () => {
    const link = newLink();
    await write(link);
    expect(await stores.links.findUsable(link.tokenHash, link.expiresAt)).toBeNull();
    expect(await stores.links.consume(link.tokenHash, link.expiresAt)).toBeNull();
    expect(await stores.links.consume(link.tokenHash, addSeconds(link.expiresAt, -0.001))).not.toBeNull();
  });

  it("replaces every older one of that person and nobody else's", async () => {
    const somebody = (await addUser(db, {})).id;
    const [older, newer, theirs, setup] = [newLink(), newLink(), newLink({ userId: somebody }), setupLink()];
    for (const link of [older, theirs, setup, newer]) await write(link);
    expect(await stores.links.findUsable(older.tokenHash, NOW)).toBeNull();
    for (const link of [newer, theirs, setup]) {
      expect(await stores.links.findUsable(link.tokenHash, NOW)).not.toBeNull();
    }
  });

  it("for set-up replaces the older one for set-up", async () => {
    const [older, newer] = [setupLink(), setupLink()];
    for (const link of [older, newer]) await write(link);
    expect(await stores.links.findUsable(older.tokenHash, NOW)).toBeNull();
    expect(await stores.links.findUsable(newer.tokenHash, NOW)).not.toBeNull();
  });

  it("is the only one that works when many are made for one person at once", async () => {
    await Promise.all(Array.from({ length: RACERS }, () => write(newLink())));
    expect(await countUsable()).toBe(1);
  });

  it("for set-up is the only one that works when many processes start at once", async () => {
    await Promise.all(Array.from({ length: RACERS }, () => write(setupLink())));
    expect(await countUsable()).toBe(1);
  });
});
