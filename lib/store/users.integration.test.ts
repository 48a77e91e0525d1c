import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { hasCode } from "@/lib/errors/latchkey-error";
import type { NewUser, User, UserChange } from "@/lib/identity/user-store";
import type { Listing } from "@/lib/sessions/session-store";
import { createClient } from "./client";
import type { PrismaClient } from "./generated/client";
import { type DatabaseStores, openStores } from "./stores";
import { addUser } from "./testing/session-store-subject";

const RACERS = 20;
const ROUNDS = 10;

let database: TestDatabase;
let stores: DatabaseStores;
let other: DatabaseStores;
let db: PrismaClient;
beforeAll(async () => {
  database = await freshDatabase();
  [stores, other] = [openStores(database.url), openStores(database.url)];
  db = createClient(database.url);
});
afterAll(async () => {
  await Promise.all([stores.close(), other.close(), db.$disconnect()]);
  await database.drop();
});
beforeEach(async () => {
  await db.user.deleteMany();
});

const newUser = (overrides: Partial<NewUser> = {}): NewUser => ({
  id: randomUUID(),
  email: `${randomUUID()}@example.test`,
  name: null,
  role: "user",
  passwordHash: null,
  createdAt: new Date("2027-01-01T00:00:00Z"),
  ...overrides,
});

describe("the first person", () => {
  it("is one, of twenty who ask at once through two processes", async () => {
    const asked = Array.from({ length: RACERS }, (_, n) =>
      (n % 2 === 0 ? stores : other).users.insertFirst(newUser({ role: "admin" })),
    );
    const made = (await Promise.all(asked)).filter((user) => user !== null);
    expect(made).toHaveLength(1);
    expect(await db.user.findMany({ select: { id: true } })).toEqual([{ id: made[0]?.id }]);
  });

  it("is none where somebody exists", async () => {
    await addUser(db, {});
    expect(await stores.users.isEmpty()).toBe(false);
    expect(await stores.users.insertFirst(newUser())).toBeNull();
  });
});

it("an address is taken by exactly one of twenty who ask for it at once", async () => {
  const asked = Array.from({ length: RACERS }, () =>
    stores.users.insert(newUser({ email: "ada@example.test" })),
  );
  expect((await Promise.all(asked)).filter((user) => user !== null)).toHaveLength(1);
});

describe("the last active administrator", () => {
  const admin = { role: "admin" } as const;
  const activeAdmins = () => db.user.count({ where: { role: "admin", status: "active" } });

  it.each<UserChange>([{ role: "user" }, { status: "disabled" }, { role: "user", status: "disabled" }])(
    "is refused %j, and others are not",
    async (change) => {
      const [first, last] = [await addUser(db, admin), await addUser(db, admin)];
      await addUser(db, { role: "admin", status: "disabled" });
      expect(await stores.users.change(first.id, change)).toMatchObject({ before: first, after: change });
      await expect(stores.users.change(last.id, change)).rejects.toMatchObject({
        code: "last_administrator",
      });
      expect(await stores.users.find(last.id)).toMatchObject(last);
    },
  );

  it("may still be changed in what leaves them one", async () => {
    const last = await addUser(db, admin);
    expect(await stores.users.change(last.id, { role: "admin" })).toMatchObject({ after: last });
  });

  it.each<[string, UserChange]>([
    ["demoted", { role: "user" }],
    ["disabled", { status: "disabled" }],
  ])("of two who are %s at the same time exactly one is refused", async (_what, change) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await db.user.deleteMany();
      const [one, two] = [await addUser(db, admin), await addUser(db, admin)];
      const results = await Promise.allSettled([
        stores.users.change(one.id, change),
        other.users.change(two.id, change),
      ]);
      const refusals = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
      expect(refusals.map((error) => hasCode(error, "last_administrator"))).toEqual([true]);
      expect(await activeAdmins()).toBe(1);
    }
  });

  it("is left when everybody is demoted at once", async () => {
    const admins = await Promise.all(Array.from({ length: 8 }, () => addUser(db, admin)));
    await Promise.allSettled(admins.map(({ id }) => stores.users.change(id, { role: "user" })));
    expect(await activeAdmins()).toBe(1);
  });
});

it("change returns null for nobody", async () => {
  expect(await stores.users.change(randomUUID(), { role: "admin" })).toBeNull();
});

it.each(["%", "_", "\\"])("a search for %j takes it as it is written", async (query) => {
  await addUser(db, { name: "Ada" });
  const odd = await addUser(db, { name: `odd ${query} name` });
  const { items } = await stores.users.list({ query }, { limit: 50, cursor: null });
  expect(items.map(({ id }) => id)).toEqual([odd.id]);
});

it("a search finds the same whether a text is rare or common, and however deep", async () => {
  const createdAt = (n: number) => new Date(Date.UTC(2027, 0, 1, 0, 0, n));
  const people = Array.from({ length: 300 }, (_, n) => ({
    id: randomUUID(),
    email: `${n}@${n % 50 === 7 ? "rare" : "common"}.test`,
    name: n < 3 ? "Ada" : null,
    createdAt: createdAt(n - (n % 3)),
  }));
  await db.user.createMany({ data: people });
  const newestFirst = await db.user.findMany({ orderBy: [{ createdAt: "desc" }, { id: "desc" }] });
  for (const query of [null, "RARE", "common", "ada", "7", "nobody"]) {
    const part = (query ?? "").toLowerCase();
    const matching = newestFirst.filter(({ email, name }) => `${email}|${name}`.toLowerCase().includes(part));
    expect(await allPages(query), `${query}`).toEqual(matching.map(({ id }) => id));
  }
});

async function allPages(query: string | null): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const { items, nextCursor }: Listing<User> = await stores.users.list({ query }, { limit: 4, cursor });
    ids.push(...items.map(({ id }) => id));
    cursor = nextCursor;
  } while (cursor !== null);
  return ids;
}

it("what is kept for the search does not leave the store", async () => {
  const { id } = await addUser(db, { name: "Ada" });
  expect(await stores.users.find(id)).not.toHaveProperty("searchText");
});
