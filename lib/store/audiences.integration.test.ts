import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import type { Audience } from "@/lib/audiences/audience";
import { sha256 } from "@/lib/crypto/derive-key";
import { hasCode } from "@/lib/errors/latchkey-error";
import { createClient } from "./client";
import type { PrismaClient } from "./generated/client";
import { type DatabaseStores, openStores } from "./stores";

const CREATED = new Date("2027-01-01T00:00:00Z");
const LATER = new Date("2027-01-02T00:00:00Z");
const KEY = { kid: "payroll-1", jwk: { kty: "EC", crv: "P-256", x: "eA", y: "eQ" } } as const;

const audience = (changes: Partial<Audience> = {}): Omit<Audience, "hasFeedToken"> => ({
  identifier: "orders",
  profile: "mesh",
  algorithm: "RS256",
  lifetimeSeconds: 120,
  scope: "orders:read orders:write",
  encryptionKey: null,
  jwksUri: null,
  createdAt: CREATED,
  updatedAt: CREATED,
  ...changes,
});

let database: TestDatabase;
let stores: DatabaseStores;
let db: PrismaClient;
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
  await db.audience.deleteMany();
});

describe("an audience", () => {
  it.each([
    audience(),
    audience({ profile: "legacy", algorithm: "HS256", scope: null }),
    audience({ profile: "high-security", algorithm: "ES256", encryptionKey: KEY }),
    audience({ profile: "high-security", algorithm: "ES256", jwksUri: "https://payroll.example/jwks" }),
  ])("is kept as it is: %o", async (kept) => {
    expect(await stores.audiences.insert(kept)).toBe(true);
    expect(await stores.audiences.find("orders")).toEqual({ ...kept, hasFeedToken: false });
  });

  it("is one of its identifier, to the letter, whoever is first", async () => {
    const inserted = await Promise.all(Array.from({ length: 10 }, () => stores.audiences.insert(audience())));
    expect(inserted.filter(Boolean)).toHaveLength(1);
    expect(await stores.audiences.insert(audience({ identifier: "Orders" }))).toBe(true);
    expect(await stores.audiences.find("ORDERS")).toBeNull();
  });

  it("does not undo what else a transaction does when its identifier is taken", async () => {
    await stores.audiences.insert(audience());
    await stores.atomically(async (tx) => {
      expect(await tx.audiences.insert(audience())).toBe(false);
      await tx.audiences.insert(audience({ identifier: "stock" }));
    });
    expect(await stores.audiences.find("stock")).not.toBeNull();
  });

  it("changes in what is given alone", async () => {
    await stores.audiences.insert(audience());
    const shorter = await stores.audiences.change("orders", { lifetimeSeconds: 60 }, LATER);
    expect(shorter).toEqual({
      ...audience({ lifetimeSeconds: 60, updatedAt: LATER }),
      hasFeedToken: false,
    });
    expect(await stores.audiences.change("orders", { scope: null }, LATER)).toMatchObject({
      scope: null,
      lifetimeSeconds: 60,
    });
    expect(await stores.audiences.change("stock", { scope: null }, LATER)).toBeNull();
  });

  it("moves from a key to the address of one and back", async () => {
    await stores.audiences.insert(
      audience({ profile: "high-security", algorithm: "ES256", encryptionKey: KEY }),
    );
    const address = { encryptionKey: null, jwksUri: "https://payroll.example/jwks" };
    expect(await stores.audiences.change("orders", address, LATER)).toMatchObject(address);
    const key = { encryptionKey: KEY, jwksUri: null };
    expect(await stores.audiences.change("orders", key, LATER)).toMatchObject(key);
  });

  it("is gone once it is removed", async () => {
    await stores.audiences.insert(audience());
    expect(await stores.audiences.remove("orders")).toBe(true);
    expect(await stores.audiences.find("orders")).toBeNull();
    expect(await stores.audiences.remove("orders")).toBe(false);
  });
});

describe("a feed token", () => {
  const TOKENS = [sha256("first"), sha256("second"), sha256("third")] as const;
  const ofToken = async (hash: Uint8Array<ArrayBuffer>) =>
    (await stores.audiences.findByFeedTokenHash(hash))?.identifier ?? null;

  it("works until the next but one is made", async () => {
    await stores.audiences.insert(audience());
    expect(await ofToken(TOKENS[0])).toBeNull();
    await stores.audiences.addFeedToken("orders", TOKENS[0]);
    expect(await stores.audiences.find("orders")).toMatchObject({ hasFeedToken: true });
    await stores.audiences.addFeedToken("orders", TOKENS[1]);
    expect([await ofToken(TOKENS[0]), await ofToken(TOKENS[1])]).toEqual(["orders", "orders"]);
    await stores.audiences.addFeedToken("orders", TOKENS[2]);
    expect([await ofToken(TOKENS[0]), await ofToken(TOKENS[2])]).toEqual([null, "orders"]);
  });

  it("ends with its audience, and is of one that there is", async () => {
    await stores.audiences.insert(audience());
    await stores.audiences.addFeedToken("orders", TOKENS[0]);
    await stores.audiences.remove("orders");
    expect(await ofToken(TOKENS[0])).toBeNull();
    expect(await stores.audiences.addFeedToken("orders", TOKENS[0])).toBe(false);
  });
});

describe("the list", () => {
  it("goes by the identifiers, page by page, each once", async () => {
    const identifiers = ["a", "B", "https://c.example/d", "e:f", "g"];
    for (const identifier of identifiers) await stores.audiences.insert(audience({ identifier }));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof stores.audiences.list>> = await stores.audiences.list({
        limit: 2,
        cursor,
      });
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.items.map(({ identifier }) => identifier));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen.toSorted()).toEqual(identifiers.toSorted());
    expect(new Set(seen).size).toBe(identifiers.length);
  });

  it.each(["=", "AA", "not a cursor"])("refuses the cursor %j", async (cursor) => {
    const list = stores.audiences.list({ limit: 2, cursor });
    await expect(list).rejects.toSatisfy((error) => hasCode(error, "invalid_request"));
  });
});
